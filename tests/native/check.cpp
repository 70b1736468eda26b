#include "check.h"

#include <cmath>
#include <cstdio>
#include <cstring>

namespace check {

namespace {

bool in_case = false;
uint64_t current_seed = 0;

}  // namespace

std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

Options& options() {
    static Options chosen;
    return chosen;
}

void begin_case(uint64_t seed) {
    in_case = true;
    current_seed = seed;
}

void end_cases() { in_case = false; }

std::vector<uint64_t> case_seeds(int count) {
    if (options().one_case) return {options().case_seed};
    const int scaled = count * options().percent / 100;
    std::vector<uint64_t> seeds;
    for (int i = 0; i < (scaled > 0 ? scaled : 1); ++i) seeds.push_back(options().seed * 1'000'000 + uint64_t(i));
    return seeds;
}

void fail(const char* file, int line, const std::string& message) {
    const char* name = std::strrchr(file, '/');
    std::string text = std::string(name ? name + 1 : file) + ":" + show(line) + ": " + message;
    if (in_case) text += "\n    (again with --case=" + show(current_seed) + ")";
    throw Failed(text);
}

void same_bits(const char* file, int line, const std::string& what, const float* a, const float* b, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        uint32_t x, y;
        std::memcpy(&x, a + i, 4);
        std::memcpy(&y, b + i, 4);
        if (x == y || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
        char text[160];
        std::snprintf(text, sizeof text, "[%zu]: %.9g (%08x) against %.9g (%08x)", i, double(a[i]), x, double(b[i]), y);
        fail(file, line, what + text);
    }
}

}  // namespace check
