// Activations to signed int8, one scale per 32: this family has channels a thousand times larger than their neighbours,
// which one scale a token would drown.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

// Where a row's values of one activation group go.
struct GroupPlace {
    int8_t* values;
    float* scale;
    int32_t* correction;
};

inline GroupPlace group_place(const ActivationsOut& out, uint32_t row, uint32_t group) {
    const uint32_t slot = row % kRowTile, first = row - slot;
    const uint32_t width = out.rows - first < kRowTile ? out.rows - first : kRowTile;
    const size_t at = first * out.groups + group * width + slot;
    return {out.values + at * kActivationGroup, out.scales + at, out.corrections + at};
}

inline void quantize_group(Float low, Float high, const GroupPlace& place) {
    const float largest = reduce_max(max(abs(low), abs(high)));
    // Groups too small for a finite inverse become zeros.
    const Float inverse = broadcast(largest > 1e-36f ? 127.0f / largest : 0.0f);
    Int a = to_int(mul(low, inverse)), b = to_int(mul(high, inverse));
    *place.scale = largest / 127.0f;
    *place.correction = -128 * reduce_add(add(a, b));
    store_bytes(place.values, a);
    store_bytes(place.values + kLanes, b);
}

inline void quantize(const float* x, uint32_t n, uint32_t row, const ActivationsOut& out) {
    for (uint32_t i = 0; i < n; i += kActivationGroup)
        quantize_group(load(x + i), i + kLanes < n ? load(x + i + kLanes) : broadcast(0), group_place(out, row, i / kActivationGroup));
}

}  // namespace qingmo::QINGMO_ISA
