// What a test needs, and no more: tests register themselves; a failed check prints what it compared and ends its test.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "random.h"

namespace check {

struct Test {
    const char* name;
    void (*body)();
};
std::vector<Test>& tests();
struct Registered {
    Registered(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

struct Options {
    uint64_t seed = 1;
    int percent = 100;            // of the random cases; fewer where a slow emulator runs the tests
    bool one_case = false;        // run only the case whose seed is `case_seed`
    uint64_t case_seed = 0;
};
Options& options();
inline bool thorough() { return options().percent >= 100; }

struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// Throws Failed with the place, the message and, inside cases(), the seed of the case.
[[noreturn]] void fail(const char* file, int line, const std::string& message);

// Runs body(Random&) `count` times, scaled by options().percent, each time from a seed of its own.
void begin_case(uint64_t seed);
void end_cases();
std::vector<uint64_t> case_seeds(int count);
template <class Body>
void cases(int count, const Body& body) {
    for (uint64_t seed : case_seeds(count)) {
        begin_case(seed);
        Random random(seed);
        body(random);
    }
    end_cases();
}

template <class T>
std::string show(const T& value) {
    std::ostringstream out;
    out.precision(17);
    out << value;
    return out.str();
}

// Throw Failed where a[0..count) and b[0..count) differ; the message names the first index. Two NaNs are equal.
void same_bits(const char* file, int line, const std::string& what, const float* a, const float* b, size_t count);
template <class T>
void same_values(const char* file, int line, const std::string& what, const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) fail(file, line, what + ": " + show(a.size()) + " against " + show(b.size()) + " values");
    for (size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i]) fail(file, line, what + "[" + show(i) + "]: " + show(+a[i]) + " against " + show(+b[i]));
}

}  // namespace check

#define TEST(name)                                        \
    static void name();                                   \
    static const check::Registered registered_##name{#name, name}; \
    static void name()

#define CHECK(condition) \
    do { if (!(condition)) check::fail(__FILE__, __LINE__, #condition); } while (0)
#define CHECK_EQUAL(a, b)                                                                                             \
    do {                                                                                                              \
        const auto check_a = (a);                                                                                     \
        const auto check_b = (b);                                                                                     \
        if (!(check_a == check_b))                                                                                    \
            check::fail(__FILE__, __LINE__, #a " == " #b ": " + check::show(check_a) + " against " + check::show(check_b)); \
    } while (0)
// |a - b| <= tolerance; not so where either is no number.
#define CHECK_NEAR(a, b, tolerance)                                                                                   \
    do {                                                                                                              \
        const double check_a = (a), check_b = (b), check_t = (tolerance);                                             \
        if (!(check_a - check_b <= check_t && check_b - check_a <= check_t))                                          \
            check::fail(__FILE__, __LINE__, #a " near " #b ": " + check::show(check_a) + " against " + check::show(check_b) + \
                                                ", tolerance " + check::show(check_t));                               \
    } while (0)
#define CHECK_SAME_BITS(what, a, b, count) check::same_bits(__FILE__, __LINE__, what, a, b, count)
#define CHECK_SAME(what, a, b) check::same_values(__FILE__, __LINE__, what, a, b)
// `expression` throws Type with a message that contains `text`.
#define CHECK_THROWS(Type, text, expression)                                                                          \
    do {                                                                                                              \
        std::string check_message;                                                                                    \
        bool check_threw = false;                                                                                     \
        try { expression; } catch (const Type& error) { check_threw = true; check_message = error.what(); }           \
        if (!check_threw) check::fail(__FILE__, __LINE__, #expression " must throw " #Type);                          \
        if (check_message.find(text) == std::string::npos)                                                            \
            check::fail(__FILE__, __LINE__, "\"" + check_message + "\" must contain \"" + std::string(text) + "\"");  \
    } while (0)
