// Activations to signed int8, one scale per 32: this family has channels a thousand times larger than their neighbours,
// which one scale a token would drown.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

// Where a row's values of one activation group go; four inputs of each row of a tile stand side by side.
struct GroupPlace {
    int8_t* values;
    float* scale;
    int32_t* correction;
    uint32_t width;  // rows of the tile
};

inline GroupPlace group_place(const ActivationsOut& out, uint32_t row, uint32_t group) {
    const uint32_t slot = row % kRowTile, first = row - slot;
    const uint32_t width = out.rows - first < kRowTile ? out.rows - first : kRowTile;
    const size_t at = first * out.groups + group * width + slot;
    return {out.values + first * out.stride + (size_t(group) * kActivationGroup * width + slot * 4), out.scales + at,
            out.corrections + at, width};
}

inline void quantize_group(Float low, Float high, const GroupPlace& place) {
    const float largest = reduce_max(max(abs(low), abs(high)));
    const Float inverse = broadcast(largest > 0 ? 127.0f / largest : 0.0f);
    Int a = to_int(mul(low, inverse)), b = to_int(mul(high, inverse));
    *place.scale = largest / 127.0f;
    *place.correction = -128 * reduce_add(add(a, b));
    alignas(4) int8_t bytes[kActivationGroup];
    store_bytes(bytes, a);
    store_bytes(bytes + kLanes, b);
    for (uint32_t k = 0; k < kActivationGroup / 4; ++k) __builtin_memcpy(place.values + k * place.width * 4, bytes + k * 4, 4);
}

inline void quantize(const float* x, uint32_t n, uint32_t row, const ActivationsOut& out) {
    for (uint32_t i = 0; i < n; i += kActivationGroup)
        quantize_group(load(x + i), i + kLanes < n ? load(x + i + kLanes) : broadcast(0), group_place(out, row, i / kActivationGroup));
}

}  // namespace qingmo::QINGMO_ISA
