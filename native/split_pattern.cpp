#include "split_pattern.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "unicode_classes.h"

namespace qingmo {

namespace {

constexpr uint32_t kAscii = 0x80, kNotUtf8 = 0xFFFD;

CharacterClass search_class(uint32_t point) {
    const uint32_t* after = std::upper_bound(std::begin(kClassRanges), std::end(kClassRanges), point << 2 | 3);
    return CharacterClass(after[-1] & 3);
}

std::array<CharacterClass, kAscii> ascii_classes() {
    std::array<CharacterClass, kAscii> classes;
    for (uint32_t point = 0; point < kAscii; ++point) classes[point] = search_class(point);
    return classes;
}

bool is_newline(uint32_t point) { return point == '\r' || point == '\n'; }

struct Character {
    uint32_t point;
    CharacterClass kind;
    size_t end;
};

uint32_t continuation(std::string_view text, size_t at) { return uint8_t(text[at]) & 0x3F; }

Character character_at(std::string_view text, size_t at) {
    const uint8_t lead = uint8_t(text[at]);
    if (lead < kAscii) return {lead, class_of(lead), at + 1};
    const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC0 || at + bytes > text.size()) return {kNotUtf8, CharacterClass::other, at + 1};
    uint32_t point = lead & (0x7F >> bytes);
    for (size_t i = 1; i < bytes; ++i) point = point << 6 | continuation(text, at + i);
    return {point, class_of(point), at + bytes};
}

size_t skip(std::string_view text, size_t at, CharacterClass kind) {
    while (at < text.size()) {
        const Character c = character_at(text, at);
        if (c.kind != kind) break;
        at = c.end;
    }
    return at;
}

size_t skip_newlines(std::string_view text, size_t at) {
    while (at < text.size() && is_newline(uint8_t(text[at]))) ++at;
    return at;
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d) at `begin`: its end, or `begin` where there is none.
size_t contraction_end(std::string_view text, size_t begin) {
    const std::string_view rest = text.substr(begin, 3);
    if (rest.size() < 2 || rest[0] != '\'') return begin;
    auto lower = [&](size_t i) { return i < rest.size() ? char(rest[i] | 0x20) : '\0'; };
    const char first = lower(1), second = lower(2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return begin + 2;
    if (rest.substr(1) == "\xC5\xBF") return begin + 3;  // U+017F, the long s: an s to whoever ignores case
    const bool of_three = (second == 'e' && (first == 'r' || first == 'v')) || (first == 'l' && second == 'l');
    return begin + (of_three ? 3 : 0);
}

// \s*[\r\n]+ | \s+(?!\S) | \s+ : up to the last newline; else all of it at the text's end; else all but the last
// character, which belongs to what follows, unless there is no other.
size_t white_space_end(std::string_view text, size_t begin) {
    size_t end = begin, last = begin, after_newline = begin;
    while (end < text.size()) {
        const Character c = character_at(text, end);
        if (c.kind != CharacterClass::space) break;
        last = end;
        end = c.end;
        if (is_newline(c.point)) after_newline = end;
    }
    if (after_newline > begin) return after_newline;
    return end == text.size() || last == begin ? end : last;
}

}  // namespace

CharacterClass class_of(uint32_t point) {
    static const std::array<CharacterClass, kAscii> ascii = ascii_classes();
    return point < kAscii ? ascii[point] : search_class(point);
}

size_t word_end(std::string_view text, size_t begin) {
    const size_t contraction = contraction_end(text, begin);
    if (contraction > begin) return contraction;

    const Character first = character_at(text, begin);
    if (first.kind == CharacterClass::number) return first.end;
    const size_t letters = first.kind == CharacterClass::letter || is_newline(first.point) ? begin : first.end;
    const size_t letters_end = skip(text, letters, CharacterClass::letter);
    if (letters_end > letters) return letters_end;

    const size_t marks = first.point == ' ' ? first.end : begin;
    const size_t marks_end = skip(text, marks, CharacterClass::other);
    if (marks_end > marks) return skip_newlines(text, marks_end);
    return white_space_end(text, begin);
}

}  // namespace qingmo
