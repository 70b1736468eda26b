#include "packing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "dispatch.h"
#include "half.h"
#include "thread_pool.h"

namespace qingmo {

namespace {

float scale_of(const float* values, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; ++i) largest = std::fabs(values[i]) > largest ? std::fabs(values[i]) : largest;
    return largest / 127.0f;
}

// Adding and taking away 1.5 * 2^23 rounds to an integer, ties to even; quicker than a call.
constexpr float kRounding = 12582912.0f;

float rounded(float x) {
    float r = (x + kRounding) - kRounding;
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

// Scales are kept within 2^24 of the column's largest, so that their ratios stay finite; what is lost there is below the
// rounding of the rest. Columns of zeros get the smallest.
constexpr float kScaleRange = 0x1p-24f, kSmallestScale = 0x1p-100f;

void pack_values(const float* values, size_t count, float scale, size_t column, uint8_t* group) {
    uint8_t* bytes = group + 64 + column * 4;
    for (size_t i = 0; i < count; ++i) bytes[i / 4 * 64 + i % 4] = uint8_t(int(rounded(values[i] / scale)) + 128);
}

// One output into its column of a tile; see Matrix in dispatch.h for what stands where.
void pack_column(const float* row, size_t inputs, size_t group_size, size_t groups, size_t column, uint8_t* tile) {
    const size_t group_bytes = 64 + group_size * 16;
    std::vector<float> scales(groups, 0.0f);
    float largest = 0;
    for (size_t g = 0; g < groups && g * group_size < inputs; ++g) {
        scales[g] = scale_of(row + g * group_size, std::min(group_size, inputs - g * group_size));
        largest = std::max(largest, scales[g]);
    }
    const float smallest = std::max(largest * kScaleRange, kSmallestScale);
    for (float& scale : scales) scale = std::max(scale, smallest);
    for (size_t g = 0; g < groups; ++g) {
        const float head = g ? scales[g - 1] / scales[g] : scales[groups - 1];
        std::memcpy(tile + g * group_bytes + column * 4, &head, 4);
        if (g * group_size < inputs)
            pack_values(row + g * group_size, std::min(group_size, inputs - g * group_size), scales[g], column, tile + g * group_bytes);
    }
}

// ---- int6 and int4 -------------------------------------------------------------------------------------------------

// What the largest value of a group becomes in the fits that are tried. The lowest integer is the end with one integer more;
// near the highest there is room for a value of the same size and the other sign; beyond the lowest the largest is cut short
// for the good of the others. For int4, steps of 0.1 over both signs would lower the squared error by another 0.05 %, for
// int6 three times as many tries by 1.5 %.
struct Int4Format {
    static constexpr int kGroup = kInt4Group;
    static constexpr int kLowest = -8, kHighest = 7;
    static constexpr float kFirstEnd = -9, kLastEnd = -6, kEndStep = 0.25f;
    static constexpr size_t kGroupBytes = kGroup * 16 * 4 / 8;

    // integers: [kGroup], from 0 on; at: the group's bytes from the column on. See Matrix in dispatch.h.
    static void store(const uint8_t* integers, uint8_t* at) {
        for (int i = 0; i < 16; ++i) at[i / 4 * 64 + i % 4] = uint8_t(integers[i] | integers[i + 16] << 4);
    }
};

struct Int6Format {
    static constexpr int kGroup = kInt6Group;
    static constexpr int kLowest = -32, kHighest = 31;
    static constexpr float kFirstEnd = -33, kLastEnd = -31, kEndStep = 0.5f;
    static constexpr size_t kGroupBytes = kGroup * 16 * 6 / 8;

    static void store(const uint8_t* integers, uint8_t* at) {
        for (int i = 0; i < 32; ++i) at[i / 4 * 64 + i % 4] = uint8_t((integers[i] & 15) | (integers[i + 32] & 15) << 4);
        for (int i = 0; i < 16; ++i) {
            uint8_t upper = 0;
            for (int pair = 0; pair < 4; ++pair) upper = uint8_t(upper | integers[i + 16 * pair] >> 4 << 2 * pair);
            at[8 * 64 + i / 4 * 64 + i % 4] = upper;
        }
    }
};

constexpr float kLargestHalf = 65504;

// A register's worth, spelled out: compilers do not make one of a loop that clamps.
typedef float Four __attribute__((vector_size(16)));

Four load_four(const float* values) {
    Four four;
    std::memcpy(&four, values, sizeof four);
    return four;
}

Four broadcast_four(float x) { return Four{x, x, x, x}; }

template <class Format>
Four rounded_four(Four x) {
    const Four magic = broadcast_four(kRounding), lowest = broadcast_four(Format::kLowest), highest = broadcast_four(Format::kHighest);
    Four r = (x + magic) - magic;
    r = r > highest ? highest : r;
    return r < lowest ? lowest : r;
}

float sum_of_lanes(Four x) { return (x[0] + x[1]) + (x[2] + x[3]); }

// How well a group's values are met by the integers that one scale makes of them.
template <class Format>
struct Fit {
    float product, square;  // of values with their integers, of the integers

    Fit(const float* values, float inverse_scale) {
        const Four inverse = broadcast_four(inverse_scale);
        Four products = {}, squares = {};
        for (int i = 0; i < Format::kGroup; i += 4) {
            const Four four = load_four(values + i), integers = rounded_four<Format>(four * inverse);
            products += four * integers;
            squares += integers * integers;
        }
        product = sum_of_lanes(products);
        square = sum_of_lanes(squares);
    }
    // With the best scale for these integers, product / square, the squared error is the values' square less this.
    float gain() const { return square > 0 ? product * product / square : 0; }
};

// A float16 scale for a group, by least squares: that of the fit with the largest gain.
template <class Format>
uint16_t best_scale(const float* values) {
    float largest = 0;
    for (int i = 0; i < Format::kGroup; ++i)
        if (std::fabs(values[i]) > std::fabs(largest)) largest = values[i];
    if (std::fabs(largest) < 0x1p-100f) return 0;
    float best = 0, scale = 0;
    for (float end = Format::kFirstEnd; end <= Format::kLastEnd; end += Format::kEndStep) {
        const Fit<Format> fit(values, end / largest);
        if (fit.gain() <= best) continue;
        best = fit.gain();
        scale = fit.product / fit.square;
    }
    return half_from_float(std::max(-kLargestHalf, std::min(scale, kLargestHalf)));
}

template <class Format>
void pack_group(const float* values, uint16_t* scale, uint8_t* at) {
    *scale = best_scale<Format>(values);
    const float wide = float_from_half(*scale);
    const Four inverse = broadcast_four(wide == 0 ? 0 : 1 / wide);
    uint8_t integers[Format::kGroup];
    for (int i = 0; i < Format::kGroup; i += 4) {
        const Four four = rounded_four<Format>(load_four(values + i) * inverse);
        for (int lane = 0; lane < 4; ++lane) integers[i + lane] = uint8_t(int(four[lane]) - Format::kLowest);
    }
    Format::store(integers, at);
}

template <class Format>
size_t tile_bytes_of(const WeightRows& weights) {
    const size_t groups = weights.padded_inputs() / Format::kGroup;
    return half_scale_bytes(weights.padded_inputs(), Format::kGroup) + groups * Format::kGroupBytes;
}

template <class Format>
void quantize_as(const WeightRows& weights, uint8_t* out, ThreadPool& pool) {
    const size_t tile_bytes = tile_bytes_of<Format>(weights), inputs = weights.padded_inputs();
    pool.run(int(weights.tiles()), [&](int tile, int) {
        uint8_t* to = out + tile * tile_bytes;
        auto* scales = reinterpret_cast<uint16_t*>(to);
        uint8_t* bytes = to + half_scale_bytes(inputs, Format::kGroup);
        std::memset(to, 0, tile_bytes);
        std::vector<float> row(inputs);
        for (size_t column = 0; column < 16; ++column) {
            const size_t output = tile * 16 + column;
            std::fill(row.begin(), row.end(), 0.0f);
            if (output < weights.outputs) std::memcpy(row.data(), weights.values + output * weights.inputs, weights.inputs * 4);
            for (size_t group = 0; group < inputs / Format::kGroup; ++group)
                pack_group<Format>(row.data() + group * Format::kGroup, scales + group * 16 + column,
                                   bytes + group * Format::kGroupBytes + column * 4);
        }
    });
}

}  // namespace

size_t int8_tile_bytes(const WeightRows& weights, size_t weight_group) {
    return weights.padded_inputs() / weight_group * (64 + weight_group * 16);
}

void quantize_int8(const WeightRows& weights, size_t weight_group, uint8_t* out, ThreadPool& pool) {
    const size_t tile_bytes = int8_tile_bytes(weights, weight_group), group_bytes = 64 + weight_group * 16;
    pool.run(int(weights.tiles()), [&](int tile, int) {
        uint8_t* to = out + tile * tile_bytes;
        std::memset(to, 128, tile_bytes);  // the byte of a zero
        for (size_t column = 0; column < 16; ++column) {
            const size_t output = tile * 16 + column;
            const bool filler = output >= weights.outputs;
            pack_column(weights.values + (filler ? 0 : output * weights.inputs), filler ? 0 : weights.inputs, weight_group,
                        tile_bytes / group_bytes, column, to);
        }
    });
}

size_t int6_tile_bytes(const WeightRows& weights) { return tile_bytes_of<Int6Format>(weights); }
size_t int4_tile_bytes(const WeightRows& weights) { return tile_bytes_of<Int4Format>(weights); }

void quantize_int6(const WeightRows& weights, uint8_t* out, ThreadPool& pool) { quantize_as<Int6Format>(weights, out, pool); }
void quantize_int4(const WeightRows& weights, uint8_t* out, ThreadPool& pool) { quantize_as<Int4Format>(weights, out, pool); }

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
