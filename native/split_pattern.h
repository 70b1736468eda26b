// Qwen2's split pattern: a text's words, none of which is merged with its neighbour.
//   (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N} | ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qingmo {

enum class CharacterClass : uint8_t { other, letter, number, space };
CharacterClass class_of(uint32_t code_point);

// Where the word that begins at `begin` ends, begin < text.size(). Words follow each other without gaps.
// text: UTF-8; bytes that are not are characters of class `other`.
size_t word_end(std::string_view text, size_t begin);

}  // namespace qingmo
