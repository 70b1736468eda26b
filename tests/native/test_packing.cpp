// Weights to int8 tiles: against the definition of the layout, with any number of threads.
#include <cmath>
#include <cstring>

#include "check.h"
#include "numbers.h"
#include "packing.h"
#include "thread_pool.h"

using namespace qingmo;

namespace {

std::vector<uint8_t> pack(const WeightRows& rows, size_t group, int threads) {
    ThreadPool pool(threads);
    std::vector<uint8_t> out(rows.tiles() * int8_tile_bytes(rows, group), 0xee);
    quantize_int8(rows, group, out.data(), pool);
    return out;
}

struct Weights {
    std::vector<float> values;
    size_t outputs, inputs;
    WeightRows rows() const { return {values.data(), outputs, inputs}; }
    float at(size_t row, size_t input) const { return input < inputs ? values[row * inputs + input] : 0; }
};

Weights random_weights(Random& random) {
    Weights w{{}, random.pick<size_t>({1, 15, 16, 17, 40}), random.pick<size_t>({1, 16, 31, 32, 80, 96, 128, 160, 256, 300})};
    w.values = random.chance(0.2) ? random.wild(w.outputs * w.inputs) : random.normals(w.outputs * w.inputs, 0.02f);
    if (random.chance(0.3)) std::fill_n(w.values.begin(), w.inputs, 0.0f);
    return w;
}

std::vector<size_t> groups_of(const Weights& w) {
    std::vector<size_t> groups = {w.rows().padded_inputs()};
    for (size_t group : {32, 64, 128})
        if (groups[0] % group == 0) groups.push_back(group);
    return groups;
}

}  // namespace

TEST(packed_weights_are_within_half_a_step_and_in_their_place) {
    check::cases(60, [](Random& random) {
        const Weights w = random_weights(random);
        for (size_t group : groups_of(w)) {
            const std::vector<uint8_t> packed = pack(w.rows(), group, 1);
            const size_t group_bytes = 64 + group * 16, tile_bytes = int8_tile_bytes(w.rows(), group);
            CHECK_EQUAL(packed.size(), (w.outputs + 15) / 16 * (w.rows().padded_inputs() / group) * group_bytes);
            for (size_t row = 0; row < w.rows().tiles() * 16; ++row)
                for (size_t begin = 0; begin < w.rows().padded_inputs(); begin += group) {
                    const uint8_t* at = &packed[row / 16 * tile_bytes + begin / group * group_bytes];
                    float scale, largest = 0;
                    std::memcpy(&scale, at + row % 16 * 4, 4);
                    for (size_t i = begin; row < w.outputs && i < begin + group; ++i) largest = std::max(largest, std::fabs(w.at(row, i)));
                    CHECK_EQUAL(bits_of_float(scale), bits_of_float(largest / 127.0f));
                    for (size_t i = begin; i < begin + group; ++i) {
                        const int byte = at[64 + (i - begin) / 4 * 64 + row % 16 * 4 + (i - begin) % 4];
                        CHECK(byte >= 1);
                        const double value = row < w.outputs ? w.at(row, i) : 0;
                        // A scale among the denormals is itself rounded, by up to 1e-45.
                        CHECK_NEAR((byte - 128) * double(scale), value, scale * 0.50001 + 127 * 1e-45);
                    }
                }
        }
    });
}

TEST(packed_bytes_do_not_depend_on_threads) {
    check::cases(10, [](Random& random) {
        const Weights w = random_weights(random);
        for (size_t group : groups_of(w)) CHECK_SAME("bytes", pack(w.rows(), group, 3), pack(w.rows(), group, 1));
    });
}

TEST(packing_rounds_ties_to_even) {
    Weights w{std::vector<float>(32, 0), 1, 32};
    w.values[0] = 127, w.values[1] = 0.5f, w.values[2] = 1.5f, w.values[3] = -2.5f;
    const std::vector<uint8_t> packed = pack(w.rows(), 32, 1);
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
