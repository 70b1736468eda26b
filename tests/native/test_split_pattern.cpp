// Words as Qwen2's pattern cuts them, alternative by alternative, and no byte that leads out of the text.
#include "check.h"
#include "split_pattern.h"

using namespace qingmo;

namespace {

std::string cut(const std::string& text) {
    std::string shown;
    for (size_t begin = 0, end; begin < text.size(); begin = end) {
        end = word_end(text, begin);
        CHECK(end > begin && end <= text.size());
        shown += text.substr(begin, end - begin) + (end < text.size() ? "|" : "");
    }
    return shown;
}

}  // namespace

TEST(words_of_letters_take_one_character_before_them) {
    CHECK_EQUAL(cut("Hello world"), "Hello| world");
    CHECK_EQUAL(cut("_a(b"), "_a|(b");
    CHECK_EQUAL(cut("\ta\nb"), "\ta|\n|b");
    CHECK_EQUAL(cut("你好，世界"), "你好|，世界");
}

TEST(words_end_at_contractions_whatever_their_case) {
    CHECK_EQUAL(cut("it's we'LL I'vE'd"), "it|'s| we|'LL| I|'vE|'d");
    CHECK_EQUAL(cut("a'\xC5\xBFz"), "a|'\xC5\xBF|z");
    CHECK_EQUAL(cut("'lx 're"), "'lx| '|re");
    CHECK_EQUAL(cut("'"), "'");
    CHECK_EQUAL(cut("'r"), "'r");
}

TEST(words_of_numbers_have_one_digit) { CHECK_EQUAL(cut("a12 3²"), "a|1|2| |3|²"); }

TEST(words_of_marks_take_a_space_before_and_newlines_behind) {
    CHECK_EQUAL(cut("a !?\r\n\nb"), "a| !?\r\n\n|b");
    CHECK_EQUAL(cut("\t!"), "\t|!");
    CHECK_EQUAL(cut("😀😀"), "😀😀");
}

TEST(words_of_white_space_leave_the_last_one_to_what_follows) {
    CHECK_EQUAL(cut("a   b"), "a|  | b");
    CHECK_EQUAL(cut("a   "), "a|   ");
    CHECK_EQUAL(cut("a \n \n  b"), "a| \n \n| | b");
    CHECK_EQUAL(cut("  1"), " | |1");
    CHECK_EQUAL(cut("\u3000\u3000中"), "\u3000|\u3000中");
}

TEST(words_of_bytes_that_are_no_text_stay_within_it) {
    for (const char* text : {"\xFF", "a\xE4", "\xE4\xBD", "\xF0\x9F\x98", "\x80\x80", "\xC5", "'\xC5", " \xF0"}) cut(text);
    check::cases(200, [](Random& random) {
        std::string text;
        for (uint64_t n = random.below(12); n > 0; --n) text += char(random.below(256));
        cut(text);
    });
}
