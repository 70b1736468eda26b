// Text to token ids by byte-level BPE: split into words, each a row of bytes that merges pair by pair.
#pragma once

#include <string_view>
#include <vector>

#include "token_table.h"

namespace qingmo {

// The ids of `text`, UTF-8 in normal form C. n bytes take time in proportion to n log n at most, whatever they are.
// Throws std::invalid_argument for 4 GiB and more.
std::vector<uint32_t> encode(const TokenTable& table, std::string_view text);

}  // namespace qingmo
