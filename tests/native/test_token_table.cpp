// The token table: what is put in comes out, merges go in order, and every damage is refused by name.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "check.h"
#include "temporary_file.h"
#include "tokenizer.h"

using namespace qingmo;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The 256 bytes, then what `merges` make, in this order.
struct Vocabulary {
    std::vector<std::string> tokens;
    std::map<std::string, uint32_t> ids;
    std::vector<std::array<uint32_t, 3>> merges;

    explicit Vocabulary(const Pairs& pairs) {
        for (int byte = 0; byte < 256; ++byte) add(std::string(1, char(byte)));
        for (const auto& [left, right] : pairs) {
            if (!ids.count(left + right)) add(left + right);
            merges.push_back({ids.at(left), ids.at(right), ids.at(left + right)});
        }
    }
    void add(const std::string& token) {
        ids[token] = uint32_t(tokens.size());
        tokens.push_back(token);
    }
    // Every id has a token but `without`.
    std::vector<uint8_t> file(uint32_t without = UINT32_MAX) const {
        std::string text;
        std::vector<uint32_t> offsets{0}, valid((tokens.size() + 31) / 32), bytes(256);
        for (uint32_t i = 0; i < tokens.size(); ++i) {
            text += tokens[i];
            offsets.push_back(uint32_t(text.size()));
            if (i != without) valid[i / 32] |= 1u << i % 32;
        }
        for (uint32_t i = 0; i < 256; ++i) bytes[i] = i;
        return build_token_table({uint32_t(tokens.size()), offsets.data(), valid.data(), text, bytes.data(), uint32_t(merges.size()),
                                  reinterpret_cast<const uint32_t(*)[3]>(merges.data()), "a note"});
    }
    std::vector<uint32_t> ids_of(const std::vector<std::string>& spelled) const {
        std::vector<uint32_t> found;
        for (const std::string& token : spelled) found.push_back(ids.at(token));
        return found;
    }
};

// The same by the definition: again and again the best pair of the whole word, the leftmost of equals.
std::vector<uint32_t> merged_slowly(const TokenTable& table, const std::string& word) {
    std::vector<uint32_t> ids;
    for (const char c : word) ids.push_back(table.byte_token(uint8_t(c)));
    for (;;) {
        size_t best = ids.size();
        Merge lowest{UINT32_MAX, 0}, found;
        for (size_t i = 0; i + 1 < ids.size(); ++i)
            if (table.find_merge(ids[i], ids[i + 1], found) && found.rank < lowest.rank) lowest = found, best = i;
        if (best == ids.size()) return ids;
        ids[best] = lowest.product;
        ids.erase(ids.begin() + ptrdiff_t(best) + 1);
    }
}

std::vector<uint8_t> sealed(std::vector<uint8_t> file) {
    const uint64_t sum = token_table_checksum(file.data(), file.size() - 8);
    std::memcpy(file.data() + file.size() - 8, &sum, 8);
    return file;
}

}  // namespace

TEST(token_table_gives_back_tokens_merges_and_note) {
    const Vocabulary vocabulary(Pairs{{"a", "b"}, {"c", "d"}, {"ab", "cd"}});
    const TemporaryFile file(vocabulary.file(257));
    const TokenTable table(file.path());
    CHECK_EQUAL(table.tokens(), 259u);
    CHECK_EQUAL(table.bytes(258), "abcd");
    CHECK_EQUAL(table.bytes(0), std::string_view("\0", 1));
    CHECK(table.has(258) && !table.has(257) && !table.has(259));
    CHECK_EQUAL(table.note(), "a note");
    Merge found;
    CHECK(table.find_merge(256, 257, found));
    CHECK_EQUAL(found.rank, 2u);
    CHECK_EQUAL(found.product, 258u);
    CHECK(!table.find_merge(257, 256, found));
}

TEST(token_table_without_merges_spells_bytes) {
    const TemporaryFile file(Vocabulary(Pairs{}).file());
    CHECK_SAME("ids", encode(TokenTable(file.path()), "ab"), (std::vector<uint32_t>{'a', 'b'}));
}

TEST(token_table_refuses_damage_by_name) {
    const std::vector<uint8_t> whole = Vocabulary(Pairs{{"a", "b"}}).file();
    for (size_t bytes : {size_t(0), size_t(7), size_t(31), whole.size() - 8, whole.size() - 1}) {
        const TemporaryFile file(std::vector<uint8_t>(whole.begin(), whole.begin() + ptrdiff_t(bytes)));
        CHECK_THROWS(std::runtime_error, file.path(), TokenTable(file.path()));
    }
    for (size_t at = 0; at < whole.size(); at += at < 64 ? 1 : 97) {
        std::vector<uint8_t> damaged = whole;
        damaged[at] ^= 0x81;
        const TemporaryFile file(damaged);
        CHECK_THROWS(std::runtime_error, file.path(), TokenTable(file.path()));
    }
}

TEST(token_table_refuses_what_leaves_it_though_the_checksum_holds) {
    std::vector<uint8_t> whole = Vocabulary(Pairs{{"a", "b"}}).file();
    // Behind 32 bytes of header: 4 slots of a merge each, a product, 256 tokens of bytes, 258 offsets.
    const std::pair<size_t, const char*> places[] = {{64, "no token"}, {68, "no token"}, {68 + 1024 + 8, "outside"}, {68 + 1024 + 257 * 4, "outside"}};
    for (const auto& [at, complaint] : places) {
        std::vector<uint8_t> changed = whole;
        changed[at + 1] = 0x7F;
        const TemporaryFile file(sealed(changed));
        CHECK_THROWS(std::runtime_error, complaint, TokenTable(file.path()));
    }
    std::vector<uint8_t> endless = whole, unlisted = whole;
    std::fill(endless.begin() + 32, endless.begin() + 64, uint8_t(0));
    CHECK_THROWS(std::runtime_error, "no room", TokenTable(TemporaryFile(sealed(endless)).path()));
    std::fill(unlisted.begin() + 32, unlisted.begin() + 40, uint8_t(1));
    CHECK_THROWS(std::runtime_error, "not listed", TokenTable(TemporaryFile(sealed(unlisted)).path()));
}

TEST(token_table_refuses_ids_that_are_not_there) {
    Vocabulary vocabulary(Pairs{{"a", "b"}});
    vocabulary.merges[0][2] = 257;
    CHECK_THROWS(std::invalid_argument, "no id 257", vocabulary.file());
}

TEST(encoding_merges_the_best_pair_of_a_word_first) {
    const Vocabulary vocabulary(Pairs{{"b", "c"}, {"a", "b"}, {"bc", "d"}, {"a", "a"}});
    const TemporaryFile file(vocabulary.file());
    const TokenTable table(file.path());
    CHECK_SAME("abc", encode(table, "abc"), vocabulary.ids_of({"a", "bc"}));
    CHECK_SAME("abcd", encode(table, "abcd"), vocabulary.ids_of({"a", "bcd"}));
    CHECK_SAME("aaa", encode(table, "aaa"), vocabulary.ids_of({"aa", "a"}));
    CHECK_SAME("two words", encode(table, "ab, ab"), vocabulary.ids_of({"ab", ",", " ", "ab"}));
    CHECK_SAME("nothing", encode(table, ""), {});
}

TEST(encoding_random_words_equals_the_definition) {
    check::cases(60, [](Random& random) {
        std::vector<std::string> known{"a", "b", "c", "d"};
        Pairs pairs;
        std::map<std::string, int> seen;
        for (int i = 0; i < 24; ++i) {
            const auto left = known[random.below(known.size())], right = known[random.below(known.size())];
            // A token that two pairs make would leave open which of them a proposal means.
            if (left.size() + right.size() > 8 || seen[left + right]++) continue;
            pairs.emplace_back(left, right);
            known.push_back(left + right);
        }
        const TemporaryFile file(Vocabulary(pairs).file());
        const TokenTable table(file.path());
        for (int i = 0; i < 40; ++i) {
            std::string word;
            for (uint64_t n = 1 + random.below(40); n > 0; --n) word += "abcd"[random.below(4)];
            CHECK_SAME(word, encode(table, word), merged_slowly(table, word));
        }
    });
}
