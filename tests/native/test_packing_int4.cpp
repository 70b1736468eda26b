// Weights to int4 tiles: against the definition of the layout, and the scales against every other one.
#include <cmath>
#include <functional>

#include "half.h"
#include "int4_tile.h"
#include "numbers.h"
#include "thread_pool.h"
#include "weight_rows.h"

using namespace qingmo;

namespace {

constexpr float kLargestHalf = 65504;

std::vector<uint8_t> pack(const WeightRows& rows, int threads = 1) {
    ThreadPool pool(threads);
    std::vector<uint8_t> out(rows.tiles() * int4_tile_bytes(rows), 0xee);
    quantize_int4(rows, out.data(), pool);
    return out;
}

double nearest_weight(double value, double scale) {
    return scale == 0 ? 0 : std::fmax(-8, std::fmin(7, std::nearbyint(value / scale)));
}

// Rows of 32 values are the groups of this file's tests, filled up with one of zeros; only here are there several to a row.
void check_column(const Weights& w, size_t row, const uint8_t* tile) {
    const size_t inputs = w.rows().padded_inputs();
    for (size_t i = 0; i < inputs; ++i) {
        const double scale = half_value(int4_scale(tile, i / 32, row % 16)), value = row < w.outputs ? w.at(row, i) : 0;
        const int weight = int4_weight(tile, inputs, i, row % 16);
        CHECK(std::isfinite(scale));
        if (scale == 0) CHECK_EQUAL(weight, 0);
        else CHECK_NEAR(weight, std::fmax(-8, std::fmin(7, value / scale)), 0.50001);
    }
}

using Group = std::vector<float>;  // [32]

double squared_error(const Group& values, double scale) {
    double sum = 0;
    for (double value : values) sum += std::pow(value - nearest_weight(value, scale) * scale, 2);
    return sum;
}

double square(const Group& values) { return squared_error(values, 0); }

float largest_of(const Group& values) {
    float largest = 0;
    for (float value : values)
        if (std::fabs(value) > std::fabs(largest)) largest = value;
    return largest;
}

double chosen_scale(const Group& values) {
    const std::vector<uint8_t> tile = pack({values.data(), 1, 32});
    check_column({values, 1, 32}, 0, tile.data());
    return half_value(int4_scale(tile.data(), 0, 0));
}

double plain_error(const Group& values, float end) {
    return squared_error(values, half_value(half_from_float(largest_of(values) / end)));
}

// Of all scales that float16 has and that put the largest value from 6 to 9 on either side.
double least_error(const Group& values) {
    const float largest = std::fabs(largest_of(values));
    double least = square(values);
    for (uint16_t half = half_from_float(largest / 9); half <= half_from_float(largest / 6); ++half)
        for (double sign : {1, -1}) least = std::fmin(least, squared_error(values, sign * half_value(half)));
    return least;
}

// Spread as trained weights are, wider, evenly, all but one nothing, and multiples of a step.
Group random_group(Random& random) {
    Group values = random.normals(32, random.pick({1.0f, 0.02f, 1e-3f, 100.0f}));
    const int kind = int(random.below(5));
    if (kind == 1) for (float& v : values) v *= std::fabs(random.normal() * random.normal());
    if (kind == 2) for (float& v : values) v = float(random.unit() - 0.5);
    if (kind == 3) for (size_t i = 0; i + 1 < values.size(); ++i) values[i] *= 1e-4f;
    if (kind == 4) for (float& v : values) v = 0.0625f * float(random.between(-8, 7));
    return values;
}

}  // namespace

TEST(packed_int4_weights_are_the_nearest_in_their_place) {
    check::cases(60, [](Random& random) {
        const Weights w = random_weights(random);
        const size_t inputs = w.rows().padded_inputs();
        const std::vector<uint8_t> packed = pack(w.rows());
        CHECK_EQUAL(packed.size(), (w.outputs + 15) / 16 * int4_tile_size(inputs));
        for (size_t row = 0; row < w.rows().tiles() * 16; ++row) {
            const uint8_t* tile = &packed[row / 16 * int4_tile_size(inputs)];
            check_column(w, row, tile);
        }
    });
}

TEST(packed_int4_bytes_do_not_depend_on_threads) {
    check::cases(10, [](Random& random) {
        const Weights w = random_weights(random);
        CHECK_SAME("bytes", pack(w.rows(), 3), pack(w.rows(), 1));
    });
}

// Sums of floats may cost a trifle, and so may the scale's rounding to float16, which moves it by up to 2^-11 of it.
TEST(int4_scales_are_never_worse_than_the_plain_ones) {
    check::cases(400, [](Random& random) {
        const Group values = random_group(random);
        const double error = squared_error(values, chosen_scale(values)), trifle = square(values) * 0x1p-22;
        for (float end : {7.0f, -8.0f}) CHECK(error <= plain_error(values, end) * 1.001 + trifle);
    });
}

TEST(int4_scales_of_normal_weights_are_nearly_the_best_of_all) {
    Random random(1);
    double chosen = 0, least = 0, plain = 0;
    for (int i = 0; i < (check::thorough() ? 200 : 50); ++i) {
        const Group values = random.normals(32, 0.02f);
        chosen += squared_error(values, chosen_scale(values));
        least += least_error(values);
        plain += plain_error(values, 7);
    }
    CHECK(least <= chosen);
    CHECK(chosen <= 1.005 * least);
    CHECK(chosen <= 0.75 * plain);
}

TEST(int4_multiples_of_a_step_come_back_exactly) {
    check::cases(40, [](Random& random) {
        Group values(32);
        for (float& v : values) v = 0.375f * float(random.between(-8, 7));
        values[random.below(32)] = random.pick({-8, 7}) * 0.375f;
        CHECK_EQUAL(squared_error(values, chosen_scale(values)), 0.0);
    });
}

// Below the normal numbers of float16 scales are coarse, at last nothing: never worse than leaving the values out.
TEST(int4_of_tiny_values_is_the_nearest_that_float16_scales_allow) {
    for (float size : {0.0f, 1e-45f, 1e-38f, 1e-20f, 0x1p-26f, 0x1p-24f, 0x1p-22f, 1e-6f, 1e-5f, 1e-4f}) {
        Random random(1);
        const Group values = random.normals(32, size);
        const double scale = chosen_scale(values), half_a_step = 0x1p-25;
        CHECK(squared_error(values, scale) <= square(values));
        CHECK(squared_error(values, scale) <= plain_error(values, 7) * 1.001 + 32 * std::pow(8 * half_a_step, 2));
        if (std::fabs(largest_of(values)) < 0x1p-23f) CHECK_EQUAL(scale, 0.0);
    }
}

TEST(int4_scales_of_giants_stay_finite) {
    for (float giant : {7 * kLargestHalf, 6.5f * kLargestHalf, 1e30f}) {
        const std::function<float(int)> shapes[] = {[](int) { return 1.0f; }, [](int i) { return i % 2 ? 1.0f : -1.0f; },
                                                    [](int i) { return i ? 0.0f : 1.0f; },
                                                    [](int i) { return i % 3 ? 0.1f : -1.0f; }};
        for (const auto& shape : shapes) {
            Group values(32);
            for (int i = 0; i < 32; ++i) values[size_t(i)] = giant * shape(i);
            const double scale = chosen_scale(values);
            CHECK(std::fabs(scale) <= kLargestHalf);
            if (giant <= 7 * kLargestHalf) CHECK(squared_error(values, scale) <= 0.01 * square(values));
        }
    }
}
