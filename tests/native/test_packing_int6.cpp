// Weights to int6 tiles: against the definition of the layout, and the scales against plain ones.
#include <cmath>

#include "half.h"
#include "int6_tile.h"
#include "numbers.h"
#include "thread_pool.h"
#include "weight_rows.h"

using namespace qingmo;

namespace {

std::vector<uint8_t> pack(const WeightRows& rows, int threads = 1) {
    ThreadPool pool(threads);
    std::vector<uint8_t> out(rows.tiles() * int6_tile_bytes(rows), 0xee);
    quantize_int6(rows, out.data(), pool);
    return out;
}

void check_column(const Weights& w, size_t row, const uint8_t* tile) {
    const size_t inputs = w.rows().padded_inputs();
    for (size_t i = 0; i < inputs; ++i) {
        const double scale = half_value(int6_scale(tile, i / 64, row % 16)), value = row < w.outputs ? w.at(row, i) : 0;
        const int weight = int6_weight(tile, inputs, i, row % 16);
        CHECK(std::isfinite(scale));
        if (scale == 0) CHECK_EQUAL(weight, 0);
        else CHECK_NEAR(weight, std::fmax(-32, std::fmin(31, value / scale)), 0.50001);
    }
}

using Group = std::vector<float>;  // [64]

double squared_error(const Group& values, double scale) {
    double sum = 0;
    for (double value : values)
        sum += std::pow(value - (scale == 0 ? 0 : std::fmax(-32, std::fmin(31, std::nearbyint(value / scale))) * scale), 2);
    return sum;
}

double chosen_scale(const Group& values) { return half_value(int6_scale(pack({values.data(), 1, 64}).data(), 0, 0)); }

}  // namespace

TEST(packed_int6_weights_are_the_nearest_in_their_place) {
    check::cases(60, [](Random& random) {
        const Weights w = random_weights(random);
        const size_t inputs = w.rows().padded_inputs();
        const std::vector<uint8_t> packed = pack(w.rows());
        CHECK_EQUAL(packed.size(), (w.outputs + 15) / 16 * int6_tile_size(inputs));
        for (size_t row = 0; row < w.rows().tiles() * 16; ++row) check_column(w, row, &packed[row / 16 * int6_tile_size(inputs)]);
    });
}

TEST(packed_int6_bytes_do_not_depend_on_threads) {
    check::cases(10, [](Random& random) {
        const Weights w = random_weights(random);
        CHECK_SAME("bytes", pack(w.rows(), 3), pack(w.rows(), 1));
    });
}

// Sums of floats may cost a trifle, and so may the scale's rounding to float16.
TEST(int6_scales_of_normal_weights_are_better_than_the_plain_ones) {
    check::cases(100, [](Random& random) {
        const Group values = random.normals(64, random.pick({1.0f, 0.02f, 100.0f}));
        double largest = 0, square = squared_error(values, 0);
        for (double value : values) largest = std::fabs(value) > std::fabs(largest) ? value : largest;
        for (double end : {31.0, -32.0}) CHECK(squared_error(values, chosen_scale(values)) <= squared_error(values, largest / end) + square * 1e-5);
    });
}

TEST(int6_multiples_of_a_step_come_back_exactly) {
    check::cases(40, [](Random& random) {
        Group values(64);
        for (float& v : values) v = 0.375f * float(random.between(-32, 31));
        values[random.below(64)] = random.pick({-32, 31}) * 0.375f;
        CHECK_EQUAL(squared_error(values, chosen_scale(values)), 0.0);
    });
}
