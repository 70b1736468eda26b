// Activations to signed int8, one scale per 32: this family has channels a thousand times larger than their neighbours,
// which one scale a token would drown.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

// Where a row's activation group stands: scale and correction number `at`, values from 32 * at on; the row's next group
// is `width` further.
struct GroupPlace {
    size_t at;
    uint32_t width;  // rows of the tile
};

inline GroupPlace group_place(uint32_t rows, size_t groups, uint32_t row, uint32_t group) {
    const uint32_t slot = row % kRowTile, first = row - slot;
    const uint32_t width = rows - first < kRowTile ? rows - first : kRowTile;
    return {first * groups + group * width + slot, width};
}

inline void quantize_group(Float low, Float high, uint32_t row, uint32_t group, const ActivationsOut& out) {
    const size_t at = group_place(out.rows, out.groups, row, group).at;
    const float largest = reduce_max(max(abs(low), abs(high)));
    // Groups too small for a finite inverse become zeros.
    const Float inverse = broadcast(largest > 1e-36f ? 127.0f / largest : 0.0f);
    Int a = to_int(mul(low, inverse)), b = to_int(mul(high, inverse));
    out.scales[at] = largest / 127.0f;
    out.corrections[at] = -128 * reduce_add(add(a, b));
    store_bytes(out.values + at * kActivationGroup, a);
    store_bytes(out.values + at * kActivationGroup + kLanes, b);
}

inline void quantize(const float* x, uint32_t n, uint32_t row, const ActivationsOut& out) {
    for (uint32_t i = 0; i < n; i += kActivationGroup)
        quantize_group(load(x + i), i + kLanes < n ? load(x + i + kLanes) : broadcast(0), row, i / kActivationGroup, out);
}

}  // namespace qingmo::QINGMO_ISA
