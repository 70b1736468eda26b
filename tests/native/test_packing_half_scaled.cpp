// Weights to int6 and int4 tiles: against the definition of the layout, and the scales against others.
#include <cmath>
#include <functional>

#include "half.h"
#include "half_scaled_tile.h"
#include "numbers.h"
#include "thread_pool.h"
#include "weight_rows.h"

using namespace qingmo;

namespace {

constexpr float kLargestHalf = 65504;

struct Format {
    size_t group;
    int lowest, highest;
    size_t (*tile_size)(size_t inputs);
    int (*weight)(const uint8_t* tile, size_t inputs, size_t input, size_t column);
    size_t (*tile_bytes)(const WeightRows&);
    void (*quantize)(const WeightRows&, uint8_t* out, ThreadPool&);
};
const Format kInt6{64, -32, 31, int6_tile_size, int6_weight, int6_tile_bytes, quantize_int6};
const Format kInt4{32, -8, 7, int4_tile_size, int4_weight, int4_tile_bytes, quantize_int4};
const Format* const kFormats[] = {&kInt6, &kInt4};

std::vector<uint8_t> pack(const Format& format, const WeightRows& rows, int threads = 1) {
    ThreadPool pool(threads);
    std::vector<uint8_t> out(rows.tiles() * format.tile_bytes(rows), 0xee);
    format.quantize(rows, out.data(), pool);
    return out;
}

double nearest_weight(const Format& format, double value, double scale) {
    return scale == 0 ? 0 : std::fmax(format.lowest, std::fmin(format.highest, std::nearbyint(value / scale)));
}

void check_column(const Format& format, const Weights& w, size_t row, const uint8_t* tile) {
    const size_t inputs = w.rows().padded_inputs();
    for (size_t i = 0; i < inputs; ++i) {
        const double scale = half_value(tile_scale(tile, i / format.group, row % 16)), value = row < w.outputs ? w.at(row, i) : 0;
        const int weight = format.weight(tile, inputs, i, row % 16);
        CHECK(std::isfinite(scale));
        if (scale == 0) CHECK_EQUAL(weight, 0);
        else CHECK_NEAR(weight, std::fmax(format.lowest, std::fmin(format.highest, value / scale)), 0.50001);
    }
}

// Rows of one group are what the tests of scales pack, filled up with a group of zeros where that is needed.
using Group = std::vector<float>;

double squared_error(const Format& format, const Group& values, double scale) {
    double sum = 0;
    for (double value : values) sum += std::pow(value - nearest_weight(format, value, scale) * scale, 2);
    return sum;
}

double square(const Group& values) { return squared_error(kInt4, values, 0); }

float largest_of(const Group& values) {
    float largest = 0;
    for (float value : values)
        if (std::fabs(value) > std::fabs(largest)) largest = value;
    return largest;
}

double chosen_scale(const Format& format, const Group& values) {
    const std::vector<uint8_t> tile = pack(format, {values.data(), 1, values.size()});
    check_column(format, {values, 1, values.size()}, 0, tile.data());
    return half_value(tile_scale(tile.data(), 0, 0));
}

double plain_error(const Format& format, const Group& values, float end) {
    return squared_error(format, values, half_value(half_from_float(largest_of(values) / end)));
}

// What half a step of the smallest float16 scales may cost a group.
double coarseness(const Format& format) { return double(format.group) * std::pow(format.lowest * 0x1p-25, 2); }

// Of all int4 scales that float16 has and that put the largest value from 6 to 9 on either side.
double least_error(const Group& values) {
    const float largest = std::fabs(largest_of(values));
    double least = square(values);
    for (uint16_t half = half_from_float(largest / 9); half <= half_from_float(largest / 6); ++half)
        for (double sign : {1, -1}) least = std::fmin(least, squared_error(kInt4, values, sign * half_value(half)));
    return least;
}

// Spread as trained weights are, wider, evenly, all but one nothing, and multiples of a step.
Group random_group(Random& random, const Format& format) {
    Group values = random.normals(format.group, random.pick({1.0f, 0.02f, 1e-3f, 100.0f}));
    const int kind = int(random.below(5));
    if (kind == 1) for (float& v : values) v *= std::fabs(random.normal() * random.normal());
    if (kind == 2) for (float& v : values) v = float(random.unit() - 0.5);
    if (kind == 3) for (size_t i = 0; i + 1 < values.size(); ++i) values[i] *= 1e-4f;
    if (kind == 4) for (float& v : values) v = 0.0625f * float(random.between(format.lowest, format.highest));
    return values;
}

}  // namespace

TEST(packed_half_scaled_weights_are_the_nearest_in_their_place) {
    check::cases(120, [](Random& random) {
        const Format& format = *random.pick({&kInt6, &kInt4});
        const Weights w = random_weights(random);
        const size_t tile_size = format.tile_size(w.rows().padded_inputs());
        const std::vector<uint8_t> packed = pack(format, w.rows());
        CHECK_EQUAL(packed.size(), (w.outputs + 15) / 16 * tile_size);
        for (size_t row = 0; row < w.rows().tiles() * 16; ++row) check_column(format, w, row, &packed[row / 16 * tile_size]);
    });
}

TEST(packed_half_scaled_bytes_do_not_depend_on_threads) {
    check::cases(20, [](Random& random) {
        const Format& format = *random.pick({&kInt6, &kInt4});
        const Weights w = random_weights(random);
        CHECK_SAME("bytes", pack(format, w.rows(), 3), pack(format, w.rows(), 1));
    });
}

// Sums of floats may cost a trifle, and so may the scale's rounding to float16, which moves it by up to 2^-11 of it.
TEST(int4_scales_are_never_worse_than_the_plain_ones) {
    check::cases(400, [](Random& random) {
        const Group values = random_group(random, kInt4);
        const double error = squared_error(kInt4, values, chosen_scale(kInt4, values)), trifle = square(values) * 0x1p-22;
        for (float end : {7.0f, -8.0f}) CHECK(error <= plain_error(kInt4, values, end) * 1.001 + trifle);
    });
}

// The same for int6, whose scales are smaller: below the normal numbers of float16 they are coarse.
TEST(int6_scales_are_hardly_ever_worse_than_the_plain_ones) {
    check::cases(400, [](Random& random) {
        const Group values = random_group(random, kInt6);
        const double error = squared_error(kInt6, values, chosen_scale(kInt6, values)), trifle = square(values) * 1e-6;
        for (float end : {31.0f, -32.0f}) CHECK(error <= plain_error(kInt6, values, end) * 1.01 + trifle + coarseness(kInt6));
    });
}

TEST(int4_scales_of_normal_weights_are_nearly_the_best_of_all) {
    Random random(1);
    double chosen = 0, least = 0, plain = 0;
    for (int i = 0; i < (check::thorough() ? 200 : 50); ++i) {
        const Group values = random.normals(32, 0.02f);
        chosen += squared_error(kInt4, values, chosen_scale(kInt4, values));
        least += least_error(values);
        plain += plain_error(kInt4, values, 7);
    }
    CHECK(least <= chosen);
    CHECK(chosen <= 1.005 * least);
    CHECK(chosen <= 0.75 * plain);
}

TEST(half_scaled_multiples_of_a_step_come_back_exactly) {
    check::cases(80, [](Random& random) {
        const Format& format = *random.pick({&kInt6, &kInt4});
        Group values(format.group);
        for (float& v : values) v = 0.375f * float(random.between(format.lowest, format.highest));
        values[random.below(uint32_t(format.group))] = float(random.pick({format.lowest, format.highest})) * 0.375f;
        CHECK_EQUAL(squared_error(format, values, chosen_scale(format, values)), 0.0);
    });
}

// Below the normal numbers of float16 scales are coarse, at last nothing: never worse than leaving the values out.
TEST(half_scaled_weights_of_tiny_values_are_the_nearest_that_float16_scales_allow) {
    for (const Format* format : kFormats)
        for (float size : {0.0f, 1e-45f, 1e-38f, 1e-20f, 0x1p-26f, 0x1p-24f, 0x1p-22f, 1e-6f, 1e-5f, 1e-4f}) {
            Random random(1);
            const Group values = random.normals(format->group, size);
            const double scale = chosen_scale(*format, values), error = squared_error(*format, values, scale);
            CHECK(error <= square(values));
            CHECK(error <= plain_error(*format, values, float(format->highest)) * 1.001 + coarseness(*format));
            if (std::fabs(largest_of(values)) < 0x1p-23f) CHECK_EQUAL(scale, 0.0);
        }
}

TEST(half_scaled_scales_of_giants_stay_finite) {
    for (const Format* format : kFormats)
        for (float end : {float(format->highest), float(format->highest) - 0.5f, 1e25f}) {
            const float giant = end * kLargestHalf;
            const std::function<float(int)> shapes[] = {[](int) { return 1.0f; }, [](int i) { return i % 2 ? 1.0f : -1.0f; },
                                                        [](int i) { return i ? 0.0f : 1.0f; },
                                                        [](int i) { return i % 3 ? 0.1f : -1.0f; }};
            for (const auto& shape : shapes) {
                Group values(format->group);
                for (int i = 0; i < int(format->group); ++i) values[size_t(i)] = giant * shape(i);
                const double scale = chosen_scale(*format, values);
                CHECK(std::fabs(scale) <= kLargestHalf);
                if (end <= float(format->highest)) CHECK(squared_error(*format, values, scale) <= 0.01 * square(values));
            }
        }
}
