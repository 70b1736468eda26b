// A byte-level BPE as one file to be mapped: the bytes of every token, and which pairs of tokens merge in which order.
#pragma once

#include <string_view>
#include <vector>

#include "platform.h"

namespace qingmo {

struct Merge {
    uint32_t rank;     // the lowest goes first
    uint32_t product;  // the token that the two become
};

// What a table is built from. Ids from 0 to tokens - 1; some may have no token.
struct TokenTableParts {
    uint32_t tokens;
    const uint32_t* offsets;      // [tokens + 1] where each token's bytes begin in `text`
    const uint32_t* valid;        // [(tokens + 31) / 32] bit i % 32 of word i / 32: id i has a token
    std::string_view text;        // every token's bytes
    const uint32_t* byte_tokens;  // [256] the token of each single byte
    uint32_t merges;
    const uint32_t (*triples)[3];  // [merges] left, right, product; in the order of their ranks, no pair twice
    std::string_view note;         // the caller's own: what the table was made from
};

// The file's content. Throws std::invalid_argument where there is too much for it or an id is out of range.
std::vector<uint8_t> build_token_table(const TokenTableParts& parts);

// What a file's last 8 bytes say of those before them. bytes: a multiple of 8.
uint64_t token_table_checksum(const uint8_t* data, uint64_t bytes);

class TokenTable {
   public:
    // Maps the file and checks all of it. Throws std::runtime_error naming the file and what is wrong with it.
    explicit TokenTable(const std::string& path);

    uint32_t tokens() const { return tokens_; }
    const uint32_t* valid() const { return valid_; }  // as in TokenTableParts
    bool has(uint32_t id) const { return id < tokens_ && (valid_[id / 32] >> (id % 32) & 1); }
    std::string_view bytes(uint32_t id) const {  // has(id)
        return {text_ + offsets_[id], size_t(offsets_[id + 1] - offsets_[id])};
    }
    uint32_t byte_token(uint8_t byte) const { return byte_tokens_[byte]; }
    bool find_merge(uint32_t left, uint32_t right, Merge& found) const;
    std::string_view note() const { return note_; }

   private:
    MappedFile file_;
    uint32_t tokens_, slot_bits_;
    const uint64_t* slots_;
    const uint32_t *products_, *byte_tokens_, *offsets_, *valid_;
    const char* text_;
    std::string_view note_;
};

}  // namespace qingmo
