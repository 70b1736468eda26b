#include "token_table.h"

#include <cstring>
#include <stdexcept>

namespace qingmo {

namespace {

// The file: this header, then the parts in the order of Layout, zeros up to a multiple of 8, and a checksum of all that.
struct Header {
    char magic[8];
    uint32_t version, tokens, merges, slot_bits, text_bytes, note_bytes;
};
constexpr char kMagic[8] = {'Q', 'I', 'N', 'G', 'M', 'O', 'T', 'T'};
constexpr uint32_t kVersion = 1;

// A slot of the hash table of merges: left id, right id, rank.
constexpr int kIdBits = 21, kRankBits = 22;
constexpr uint64_t kEmptySlot = ~uint64_t(0);
constexpr uint32_t kMostTokens = (1u << kIdBits) - 1, kMostMerges = (1u << kRankBits) - 1;
constexpr uint32_t kMostSlotBits = kRankBits + 1;

uint64_t pair_key(uint32_t left, uint32_t right) { return uint64_t(left) << kIdBits | right; }

uint64_t first_slot(uint64_t key, uint32_t slot_bits) {
    return key * 0x9E3779B97F4A7C15u >> (64 - slot_bits);  // Fibonacci hashing: 2^64 / golden ratio
}

// At most two thirds of the slots are taken, so that a search for a missing pair looks at 5 on average.
uint32_t slot_bits_for(uint32_t merges) {
    uint32_t bits = 1;
    while ((uint64_t(1) << bits) * 2 < uint64_t(merges) * 3 + 2) ++bits;
    return bits;
}

struct Layout {  // where each part begins, in bytes
    uint64_t slots, products, byte_tokens, offsets, valid, text, note, checksum;

    explicit Layout(const Header& h)
        : slots(sizeof(Header)),
          products(slots + (uint64_t(8) << h.slot_bits)),
          byte_tokens(products + uint64_t(h.merges) * 4),
          offsets(byte_tokens + 256 * 4),
          valid(offsets + (uint64_t(h.tokens) + 1) * 4),
          text(valid + (uint64_t(h.tokens) + 31) / 32 * 4),
          note(text + h.text_bytes),
          checksum((note + h.note_bytes + 7) / 8 * 8) {}
    uint64_t size() const { return checksum + 8; }
};

const uint32_t* words(const MappedFile& file, uint64_t at) { return reinterpret_cast<const uint32_t*>(file.data() + at); }
const uint64_t* slots(const MappedFile& file, const Layout& layout) {
    return reinterpret_cast<const uint64_t*>(file.data() + layout.slots);
}

void require_ids(const uint32_t* ids, size_t count, uint32_t tokens) {
    for (size_t i = 0; i < count; ++i)
        if (ids[i] >= tokens) throw std::invalid_argument("token table: there is no id " + std::to_string(ids[i]));
}

Header header_for(const TokenTableParts& parts) {
    if (parts.tokens > kMostTokens || parts.merges > kMostMerges || parts.text.size() > UINT32_MAX || parts.note.size() > UINT32_MAX)
        throw std::invalid_argument("token table: too many tokens or merges");
    require_ids(parts.byte_tokens, 256, parts.tokens);
    for (uint32_t i = 0; i < parts.merges; ++i) require_ids(parts.triples[i], 3, parts.tokens);
    for (uint32_t i = 0; i < parts.tokens; ++i)
        if (parts.offsets[i] > parts.offsets[i + 1]) throw std::invalid_argument("token table: offsets go backwards");
    if (parts.offsets[parts.tokens] > parts.text.size()) throw std::invalid_argument("token table: offsets leave the text");
    Header header{{}, kVersion, parts.tokens, parts.merges, slot_bits_for(parts.merges), uint32_t(parts.text.size()), uint32_t(parts.note.size())};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    return header;
}

std::vector<uint64_t> slots_for(const TokenTableParts& parts, uint32_t slot_bits) {
    std::vector<uint64_t> slots(size_t(1) << slot_bits, kEmptySlot);
    for (uint32_t rank = 0; rank < parts.merges; ++rank) {
        const uint64_t key = pair_key(parts.triples[rank][0], parts.triples[rank][1]);
        uint64_t at = first_slot(key, slot_bits);
        while (slots[at] != kEmptySlot) at = (at + 1) & (slots.size() - 1);
        slots[at] = key << kRankBits | rank;
    }
    return slots;
}

Header read_header(const MappedFile& file, const std::string& path) {
    Header header;
    if (file.size() < sizeof header) throw std::runtime_error(path + ": is cut off");
    std::memcpy(&header, file.data(), sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion)
        throw std::runtime_error(path + ": is no token table of this version");
    if (header.tokens > kMostTokens || header.merges > kMostMerges || header.slot_bits == 0 || header.slot_bits > kMostSlotBits ||
        Layout(header).size() != file.size())
        throw std::runtime_error(path + ": has the wrong length");
    return header;
}

// A checksum is no promise: whoever can write the file can write that, too.
void require_consistent(const MappedFile& file, const Header& header, const std::string& path) {
    const Layout layout(header);
    const uint32_t *offsets = words(file, layout.offsets), *products = words(file, layout.products);
    const uint32_t* byte_tokens = words(file, layout.byte_tokens);
    bool ids = true, inside = offsets[header.tokens] <= header.text_bytes, ranks = true, ends = false;
    for (uint32_t i = 0; i < 256; ++i) ids &= byte_tokens[i] < header.tokens;
    for (uint32_t i = 0; i < header.merges; ++i) ids &= products[i] < header.tokens;
    for (uint32_t i = 0; i < header.tokens; ++i) inside &= offsets[i] <= offsets[i + 1];
    for (uint64_t i = 0; i < uint64_t(1) << header.slot_bits; ++i) {
        const uint64_t slot = slots(file, layout)[i];
        ends |= slot == kEmptySlot;
        ranks &= slot == kEmptySlot || (slot & kMostMerges) < header.merges;
    }
    if (!ids) throw std::runtime_error(path + ": holds an id that has no token");
    if (!inside) throw std::runtime_error(path + ": has a token that lies outside of it");
    if (!ranks) throw std::runtime_error(path + ": has a merge that is not listed");
    if (!ends) throw std::runtime_error(path + ": leaves no room between its merges");
}

}  // namespace

// Each word changes the sum by a step that loses nothing, so one wrong word never goes unnoticed.
uint64_t token_table_checksum(const uint8_t* data, uint64_t bytes) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < bytes; i += 8) {
        uint64_t word;
        std::memcpy(&word, data + i, 8);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
        sum ^= sum >> 32;
    }
    return sum;
}

std::vector<uint8_t> build_token_table(const TokenTableParts& parts) {
    const Header header = header_for(parts);
    const Layout layout(header);
    std::vector<uint8_t> file(layout.size());
    auto put = [&](uint64_t at, const void* from, size_t bytes) {
        if (bytes) std::memcpy(file.data() + at, from, bytes);
    };
    const std::vector<uint64_t> slots = slots_for(parts, header.slot_bits);
    put(0, &header, sizeof header);
    put(layout.slots, slots.data(), slots.size() * 8);
    for (uint32_t rank = 0; rank < parts.merges; ++rank) put(layout.products + uint64_t(rank) * 4, &parts.triples[rank][2], 4);
    put(layout.byte_tokens, parts.byte_tokens, 256 * 4);
    put(layout.offsets, parts.offsets, (size_t(parts.tokens) + 1) * 4);
    put(layout.valid, parts.valid, (size_t(parts.tokens) + 31) / 32 * 4);
    put(layout.text, parts.text.data(), parts.text.size());
    put(layout.note, parts.note.data(), parts.note.size());
    const uint64_t sum = token_table_checksum(file.data(), layout.checksum);
    put(layout.checksum, &sum, 8);
    return file;
}

TokenTable::TokenTable(const std::string& path) : file_(path) {
    const Header header = read_header(file_, path);
    const Layout layout(header);
    uint64_t sum;
    std::memcpy(&sum, file_.data() + layout.checksum, 8);
    if (sum != token_table_checksum(file_.data(), layout.checksum)) throw std::runtime_error(path + ": does not match its checksum");
    require_consistent(file_, header, path);
    tokens_ = header.tokens;
    slot_bits_ = header.slot_bits;
    slots_ = slots(file_, layout);
    products_ = words(file_, layout.products);
    byte_tokens_ = words(file_, layout.byte_tokens);
    offsets_ = words(file_, layout.offsets);
    valid_ = words(file_, layout.valid);
    text_ = reinterpret_cast<const char*>(file_.data() + layout.text);
    note_ = {reinterpret_cast<const char*>(file_.data() + layout.note), header.note_bytes};
}

bool TokenTable::find_merge(uint32_t left, uint32_t right, Merge& found) const {
    const uint64_t key = pair_key(left, right), mask = (uint64_t(1) << slot_bits_) - 1;
    for (uint64_t at = first_slot(key, slot_bits_); slots_[at] != kEmptySlot; at = (at + 1) & mask) {
        if (slots_[at] >> kRankBits != key) continue;
        found.rank = uint32_t(slots_[at] & kMostMerges);
        found.product = products_[found.rank];
        return true;
    }
    return false;
}

}  // namespace qingmo
