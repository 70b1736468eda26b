#include "packing.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "thread_pool.h"

namespace qingmo {

namespace {

float scale_of(const float* values, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; ++i) largest = std::fabs(values[i]) > largest ? std::fabs(values[i]) : largest;
    return largest / 127.0f;
}

// Adding and taking away 1.5 * 2^23 rounds to an integer, ties to even; quicker than a call.
float rounded(float x) {
    constexpr float kMagic = 12582912.0f;
    float r = (x + kMagic) - kMagic;
    r = r > 127.0f ? 127.0f : r;
    return r < -127.0f ? -127.0f : r;
}

double squared_error(const float* values, size_t count) {
    const float scale = scale_of(values, count);
    if (scale == 0) return 0;
    float sum = 0;
    for (size_t i = 0; i < count; ++i) {
        const float error = values[i] - rounded(values[i] / scale) * scale;
        sum += error * error;
    }
    return sum;
}

void pack_group(const float* values, size_t count, size_t column, uint8_t* group) {
    const float scale = scale_of(values, count);
    if (scale == 0) return;  // the group is laid out as zeros
    std::memcpy(group + column * 4, &scale, 4);
    uint8_t* bytes = group + 64 + column * 4;
    for (size_t i = 0; i < count; ++i) bytes[i / 4 * 64 + i % 4] = uint8_t(int(rounded(values[i] / scale)) + 128);
}

}  // namespace

size_t int8_tile_bytes(const WeightRows& weights, size_t weight_group) {
    return weights.padded_inputs() / weight_group * (64 + weight_group * 16);
}

void quantize_int8(const WeightRows& weights, size_t weight_group, uint8_t* out, ThreadPool& pool) {
    const size_t tile_bytes = int8_tile_bytes(weights, weight_group), group_bytes = 64 + weight_group * 16;
    pool.run(int(weights.tiles()), [&](int tile, int) {
        uint8_t* to = out + tile * tile_bytes;
        for (size_t g = 0; g < tile_bytes; g += group_bytes) {
            std::memset(to + g, 0, 64);
            std::memset(to + g + 64, 128, group_bytes - 64);
        }
        for (size_t column = 0; column < 16 && tile * 16 + column < weights.outputs; ++column) {
            const float* row = weights.values + (tile * 16 + column) * weights.inputs;
            for (size_t at = 0; at < weights.inputs; at += weight_group) {
                const size_t left = weights.inputs - at;
                pack_group(row + at, left < weight_group ? left : weight_group, column, to + at / weight_group * group_bytes);
            }
        }
    });
}

void int8_errors(const WeightRows& weights, double out[4], ThreadPool& pool) {
    const size_t groups[4] = {32, 64, 128, weights.padded_inputs()};
    // Summed row by row in order, so that the choice made from it is the same with any number of threads.
    std::vector<double> sums(weights.outputs * 4);
    pool.run(int(weights.tiles()), [&](int tile, int) {
        for (size_t row = tile * 16; row < size_t(tile + 1) * 16 && row < weights.outputs; ++row)
            for (int g = 0; g < 4; ++g)
                for (size_t at = 0; at < weights.inputs; at += groups[g]) {
                    const size_t left = weights.inputs - at;
                    sums[row * 4 + g] += squared_error(weights.values + row * weights.inputs + at, left < groups[g] ? left : groups[g]);
                }
    });
    for (int g = 0; g < 4; ++g) {
        out[g] = weights.padded_inputs() % groups[g] ? std::numeric_limits<double>::infinity() : 0;
        for (size_t row = 0; row < weights.outputs; ++row) out[g] += sums[row * 4 + g];
    }
}

}  // namespace qingmo
