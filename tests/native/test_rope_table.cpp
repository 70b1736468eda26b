// Rotary tables against long double, to the last bit, over every position a model may have.
#include <cmath>

#include "check.h"
#include "numbers.h"
#include "rope.h"

using namespace qingmo;

namespace {

constexpr int kPositions = 32768;

void compare(int head_dim, double theta, int step) {
    const RopeTable table = make_rope_table(kPositions, head_dim, theta);
    CHECK_EQUAL(table.half, head_dim / 2);
    CHECK(table.cos.size() == size_t(kPositions) * size_t(table.half) && table.sin.size() == table.cos.size());
    for (int i = 0; i < table.half; ++i) {
        const float power = float(powl(static_cast<long double>(theta), float(2 * i) / float(head_dim)));
        const float frequency = 1.0f / power;
        for (int p = 0; p < kPositions; p += step) {
            const long double angle = float(p) * frequency;
            const size_t at = size_t(p) * size_t(table.half) + size_t(i);
            CHECK_EQUAL(bits_of_float(table.cos[at]), bits_of_float(float(cosl(angle))));
            CHECK_EQUAL(bits_of_float(table.sin[at]), bits_of_float(float(sinl(angle))));
        }
    }
}

// Emulated long double is slow: fewer positions there, in steps that meet no period.
int step() { return check::thorough() ? 1 : 61; }

}  // namespace

TEST(rope_table_is_correctly_rounded_at_every_position) { compare(64, 1e6, step()); }

TEST(rope_table_is_correctly_rounded_with_other_models_sizes) {
    compare(128, 1e6, 7 * step());
    compare(128, 1e4, 11 * step());
    compare(16, 5e5, 3 * step());
}

TEST(rope_table_is_correctly_rounded_at_position_30000) {
    const RopeTable table = make_rope_table(30001, 64, 1e6);
    for (int i = 0; i < 32; ++i) {
        const float frequency = 1.0f / float(powl(1e6L, float(2 * i) / 64.0f));
        const long double angle = 30000.0f * frequency;
        CHECK_EQUAL(table.cos[size_t(30000 * 32 + i)], float(cosl(angle)));
        CHECK_EQUAL(table.sin[size_t(30000 * 32 + i)], float(sinl(angle)));
    }
    CHECK_EQUAL(table.cos[0], 1.0f);
    CHECK_EQUAL(table.sin[0], 0.0f);
}
