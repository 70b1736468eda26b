// Activations to signed int8, one scale per 32: this family has channels a thousand times larger than their neighbours,
// which one scale a token would drown.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

inline void quantize(const float* x, uint32_t n, int8_t* values, float* scales, int32_t* corrections) {
    for (uint32_t i = 0, group = 0; i < n; i += kActivationGroup, ++group) {
        Float low = load(x + i), high = i + kLanes < n ? load(x + i + kLanes) : broadcast(0);
        const float largest = reduce_max(max(abs(low), abs(high)));
        const Float inverse = broadcast(largest > 0 ? 127.0f / largest : 0.0f);
        Int a = to_int(mul(low, inverse)), b = to_int(mul(high, inverse));
        store_bytes(values + i, a);
        store_bytes(values + i + kLanes, b);
        scales[group] = largest / 127.0f;
        corrections[group] = -128 * reduce_add(add(a, b));
    }
}

}  // namespace qingmo::QINGMO_ISA
