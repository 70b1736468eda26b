// Weights to int8 tiles: against the definition of the layout, with any number of threads.
#include <cmath>

#include "int8_tile.h"
#include "numbers.h"
#include "thread_pool.h"
#include "weight_rows.h"

using namespace qingmo;

namespace {

std::vector<uint8_t> pack(const WeightRows& rows, size_t group, int threads) {
    ThreadPool pool(threads);
    std::vector<uint8_t> out(rows.tiles() * int8_tile_bytes(rows, group), 0xee);
    quantize_int8(rows, group, out.data(), pool);
    return out;
}

std::vector<size_t> groups_of(const Weights& w) {
    std::vector<size_t> groups = {w.rows().padded_inputs()};
    for (size_t group : {64, 128})
        if (groups[0] % group == 0) groups.push_back(group);
    return groups;
}

// Largest magnitude / 127, but none below 2^-24 of the row's largest or 2^-100; all of these where there is no such row.
std::vector<float> expected_scales(const Weights& w, size_t row, size_t group) {
    std::vector<float> scales(w.rows().padded_inputs() / group, 0);
    for (size_t i = 0; row < w.outputs && i < w.inputs; ++i)
        scales[i / group] = std::max(scales[i / group], std::fabs(w.at(row, i)) / 127.0f);
    const float largest = *std::max_element(scales.begin(), scales.end());
    for (float& scale : scales) scale = std::max({scale, largest * 0x1p-24f, 0x1p-100f});
    return scales;
}

void check_column(const Weights& w, size_t row, size_t group, const uint8_t* tile) {
    const std::vector<float> scales = expected_scales(w, row, group);
    std::vector<uint8_t> heads(scales.size() * int8_group_bytes(group));
    put_int8_heads(heads.data(), group, row % 16, scales.data(), scales.size());
    for (size_t g = 0; g < scales.size(); ++g) {
        const float head = int8_head(tile, group, g, row % 16);
        CHECK(std::isfinite(head) && head > 0);
        CHECK_EQUAL(bits_of_float(head), bits_of_float(int8_head(heads.data(), group, g, row % 16)));
    }
    for (size_t i = 0; i < w.rows().padded_inputs(); ++i) {
        const int weight = int8_weight(tile, group, i, row % 16);
        CHECK(weight >= -127);
        CHECK_NEAR(weight * double(scales[i / group]), row < w.outputs ? w.at(row, i) : 0, scales[i / group] * 0.50001);
    }
}

}  // namespace

TEST(packed_weights_are_within_half_a_step_and_in_their_place) {
    check::cases(60, [](Random& random) {
        const Weights w = random_weights(random);
        for (size_t group : groups_of(w)) {
            const std::vector<uint8_t> packed = pack(w.rows(), group, 1);
            const size_t tile_bytes = int8_tile_bytes(w.rows(), group);
            CHECK_EQUAL(packed.size(), (w.outputs + 15) / 16 * (w.rows().padded_inputs() / group) * int8_group_bytes(group));
            for (size_t row = 0; row < w.rows().tiles() * 16; ++row) check_column(w, row, group, &packed[row / 16 * tile_bytes]);
        }
    });
}

// Beside giants a group of zeros or dwarfs gets a scale far above its own: the ratio of the two would be infinite.
TEST(packed_ratios_stay_finite_beside_giants) {
    for (float dwarf : {0.0f, 1e-45f, 1e-30f, 1.0f})
        for (float giant : {1e30f, 3e38f, 1e-40f}) {
            Weights w{std::vector<float>(4 * 192, giant), 4, 192};
            for (size_t group = 0; group < 3; ++group) std::fill_n(&w.values[group * 192 + group * 64], 64, dwarf);
            const std::vector<uint8_t> packed = pack(w.rows(), 64, 1);
            for (size_t row = 0; row < 4; ++row) check_column(w, row, 64, packed.data());
        }
}

TEST(packed_bytes_do_not_depend_on_threads) {
    check::cases(10, [](Random& random) {
        const Weights w = random_weights(random);
        for (size_t group : groups_of(w)) CHECK_SAME("bytes", pack(w.rows(), group, 3), pack(w.rows(), group, 1));
    });
}

TEST(packing_rounds_ties_to_even) {
    Weights w{std::vector<float>(64, 0), 1, 64};
    w.values[0] = 127, w.values[1] = 0.5f, w.values[2] = 1.5f, w.values[3] = -2.5f;
    const std::vector<uint8_t> packed = pack(w.rows(), 64, 1);
    CHECK_EQUAL(int(packed[64]), 255);
    CHECK_EQUAL(int(packed[65]), 128);
    CHECK_EQUAL(int(packed[66]), 130);
    CHECK_EQUAL(int(packed[67]), 126);
}

TEST(int8_errors_are_the_squared_differences_of_each_grouping) {
    check::cases(40, [](Random& random) {
        Weights w = random_weights(random);
        w.values = random.normals(w.outputs * w.inputs, 0.02f);
        double errors[4], again[4];
        ThreadPool one(1), three(3);
        int8_errors(w.rows(), errors, one);
        int8_errors(w.rows(), again, three);
        const size_t padded = w.rows().padded_inputs(), groups[4] = {32, 64, 128, padded};
        for (int g = 0; g < 4; ++g) {
            CHECK_EQUAL(errors[g], again[g]);
            if (padded % groups[g]) {
                CHECK(std::isinf(errors[g]));
                continue;
            }
            double sum = 0;
            for (size_t row = 0; row < w.outputs; ++row)
                for (size_t begin = 0; begin < padded; begin += groups[g]) {
                    double largest = 0;
                    for (size_t i = begin; i < begin + groups[g]; ++i) largest = std::max(largest, std::fabs(double(w.at(row, i))));
                    const double scale = largest / 127;
                    for (size_t i = begin; scale > 0 && i < begin + groups[g]; ++i) {
                        const double error = w.at(row, i) - std::nearbyint(w.at(row, i) / scale) * scale;
                        sum += error * error;
                    }
                }
            CHECK_NEAR(errors[g], sum, sum * 1e-3 + 1e-12);
        }
    });
}
