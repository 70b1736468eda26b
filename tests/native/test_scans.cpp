// Scans over logits: bits against scalar, and plain loops.
#include <cmath>

#include "check.h"
#include "numbers.h"

using namespace qingmo;

namespace {

struct Logits {
    std::vector<float> values;
    std::vector<uint32_t> mask;

    uint32_t n() const { return uint32_t(values.size()); }
    bool allowed(uint32_t id) const { return mask[id / 32] >> (id % 32) & 1; }
};

// Some equal, some infinitely low, some masked; the width is often no multiple of 32.
Logits random_logits(Random& random) {
    Logits logits;
    logits.values = random.normals(16 * random.pick<size_t>({1, 2, 3, 63, 64, 65, 190}), random.pick({1.0f, 8.0f, 1e30f}));
    for (float& x : logits.values) {
        if (random.chance(0.2)) x = std::round(x);
        if (random.chance(0.05)) x = random.pick({-INFINITY, 0.0f, -0.0f, 3.0f});
    }
    const double share = random.pick({1.0, 0.5, 0.02});
    logits.mask.resize((logits.values.size() + 31) / 32);
    for (uint32_t id = 0; id < logits.n(); ++id)
        if (random.chance(share)) logits.mask[id / 32] |= 1u << (id % 32);
    return logits;
}

}  // namespace

TEST(best_is_the_first_of_the_highest_allowed) {
    check::cases(300, [](Random& random) {
        const Logits logits = random_logits(random);
        float highest = -INFINITY;
        for (uint32_t id = 0; id < logits.n(); ++id)
            if (logits.allowed(id)) highest = std::max(highest, logits.values[id]);
        uint32_t first = 0;
        while (first < logits.n() && !(logits.allowed(first) && logits.values[first] == highest)) ++first;
        for (const Kernels* kernels : all_kernels()) {
            float value = NAN;
            uint32_t id = 99999;
            kernels->best(logits.values.data(), logits.mask.data(), logits.n(), &value, &id);
            CHECK_EQUAL(value, highest);
            CHECK_EQUAL(id, first < logits.n() ? first : 0);
        }
    });
}

TEST(best_gives_the_bits_of_scalar) {
    check::cases(100, [](Random& random) {
        const Logits logits = random_logits(random);
        float expected, value;
        uint32_t id;
        scalar_kernels().best(logits.values.data(), logits.mask.data(), logits.n(), &expected, &id);
        for (const Kernels* kernels : other_kernels()) {
            kernels->best(logits.values.data(), logits.mask.data(), logits.n(), &value, &id);
            CHECK_SAME_BITS("value", &value, &expected, 1);
        }
    });
}

TEST(sum_exp_gives_the_bits_of_scalar_and_sums_what_is_allowed) {
    check::cases(200, [](Random& random) {
        Logits logits = random_logits(random);
        for (float& x : logits.values) x = std::max(std::min(x, 30.0f), -50.0f);
        const float max = 30, inverse = random.pick({1.0f, 0.5f, 2.0f});
        double sum = 0;
        for (uint32_t id = 0; id < logits.n(); ++id)
            if (logits.allowed(id)) sum += std::exp((double(logits.values[id]) - max) * inverse);
        const float expected = scalar_kernels().sum_exp(logits.values.data(), logits.mask.data(), logits.n(), max, inverse);
        for (const Kernels* kernels : all_kernels()) {
            const float got = kernels->sum_exp(logits.values.data(), logits.mask.data(), logits.n(), max, inverse);
            CHECK_SAME_BITS(kernels->name, &got, &expected, 1);
            // Below e^-87 the kernel stays at e^-87.
            CHECK_NEAR(got, sum, sum * 2e-5 + logits.n() * 2e-38);
        }
    });
}

TEST(above_lists_ascending_what_is_allowed_and_strictly_higher) {
    check::cases(300, [](Random& random) {
        const Logits logits = random_logits(random);
        const uint32_t begin = 16 * random.below(logits.n() / 16), end = begin + 16 * random.below(logits.n() / 16 - begin / 16 + 1);
        const float threshold = random.chance(0.3) ? -INFINITY : logits.values[random.below(logits.n())];
        std::vector<uint32_t> expected;
        for (uint32_t id = begin; id < end; ++id)
            if (logits.allowed(id) && logits.values[id] > threshold) expected.push_back(id);
        for (const Kernels* kernels : all_kernels()) {
            std::vector<uint32_t> ids(end - begin + 1, 77);
            ids.resize(kernels->above(logits.values.data(), logits.mask.data(), begin, end, threshold, ids.data()));
            CHECK_SAME(kernels->name, ids, expected);
        }
    });
}
