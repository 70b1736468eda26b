// A libFuzzer target, run by scripts/native_fuzz.sh: a token table in which any words were changed, the checksum with them,
// is refused, or nothing that is asked of it leaves it. The input is a row of changes: where, and to what.
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "temporary_file.h"
#include "tokenizer.h"

using namespace qingmo;

namespace {

constexpr std::string_view kText = "abab aab bbaa a1 \xE4\xBD\xA0 b";

// 256 bytes and what "a" and "b" merge to, three deep.
std::vector<uint8_t> whole_table() {
    const std::string more[] = {"ab", "aa", "aab", "abab"};
    std::string text;
    std::vector<uint32_t> offsets{0}, valid(9, UINT32_MAX), bytes(256);
    std::iota(bytes.begin(), bytes.end(), 0);
    const auto add = [&](const std::string& token) {
        text += token;
        offsets.push_back(uint32_t(text.size()));
    };
    for (int byte = 0; byte < 256; ++byte) add(std::string(1, char(byte)));
    for (const std::string& token : more) add(token);
    const uint32_t merges[][3] = {{'a', 'b', 256}, {'a', 'a', 257}, {'a', 256, 258}, {256, 256, 259}};
    return build_token_table({260, offsets.data(), valid.data(), text, bytes.data(), 4, merges, "note"});
}

void seal(std::vector<uint8_t>& file) {
    const uint64_t sum = token_table_checksum(file.data(), file.size() - 8);
    std::memcpy(file.data() + file.size() - 8, &sum, 8);
}

void ask(const TokenTable& table) {
    size_t bytes = table.note().size();
    for (uint32_t id = 0; id < table.tokens() + 2; ++id) {
        if (!table.has(id)) continue;
        for (const char c : table.bytes(id)) bytes += c != 0;
    }
    for (const uint32_t id : encode(table, kText))
        if (id >= table.tokens()) std::abort();
    if (bytes == SIZE_MAX) std::abort();  // so that they were really read
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::vector<uint8_t> whole = whole_table();
    std::vector<uint8_t> file = whole;
    for (; size >= 6; data += 6, size -= 6) {
        const size_t at = (data[0] | data[1] << 8) * size_t(4) % (file.size() - 8);
        std::memcpy(file.data() + at, data + 2, 4);
    }
    seal(file);
    const TemporaryFile written(file);
    try {
        ask(TokenTable(written.path()));
    } catch (const std::runtime_error&) {}
    return 0;
}
