// Activations to signed int8, one scale per 64: this family has channels a thousand times larger than their neighbours,
// which one scale a token would drown.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

// Where a row's activation group stands: scale and pair of corrections number `at`, values from 64 * at on; the row's next
// group is `width` further.
struct GroupPlace {
    size_t at;
    uint32_t width;  // rows of the tile
};

inline GroupPlace group_place(uint32_t rows, size_t groups, uint32_t row, uint32_t group) {
    const uint32_t slot = row % kRowTile, first = row - slot;
    const uint32_t width = rows - first < kRowTile ? rows - first : kRowTile;
    return {first * groups + group * width + slot, width};
}

// One group of a row from its first `vectors` times 16 floats; the others are zeros.
inline void quantize_group(const float* x, uint32_t vectors, uint32_t row, uint32_t group, const ActivationsOut& out) {
    constexpr uint32_t kVectors = kActivationGroup / kLanes;
    Float value[kVectors], magnitude = broadcast(0);
    for (uint32_t i = 0; i < kVectors; ++i) {
        value[i] = i < vectors ? load(x + i * kLanes) : broadcast(0);
        magnitude = max(magnitude, abs(value[i]));
    }
    const float largest = reduce_max(magnitude);
    // Groups too small for a finite inverse become zeros.
    const Float inverse = broadcast(largest > 1e-36f ? 127.0f / largest : 0.0f);
    const size_t at = group_place(out.rows, out.groups, row, group).at;
    Int integer[kVectors];
    for (uint32_t i = 0; i < kVectors; ++i) {
        integer[i] = to_int(mul(value[i], inverse));
        store_bytes(out.values + at * kActivationGroup + i * kLanes, integer[i]);
    }
    const int32_t first_half = reduce_add(add(integer[0], integer[1])), second_half = reduce_add(add(integer[2], integer[3]));
    out.scales[at] = largest / 127.0f;
    out.corrections[2 * at] = -128 * (first_half + second_half);
    out.corrections[2 * at + 1] = -128 * first_half;
}

inline void quantize(const float* x, uint32_t n, uint32_t row, const ActivationsOut& out) {
    for (uint32_t i = 0; i < n; i += kActivationGroup) quantize_group(x + i, (n - i) / kLanes, row, i / kActivationGroup, out);
}

}  // namespace qingmo::QINGMO_ISA
