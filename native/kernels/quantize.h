// Activations to signed int8, one scale per 32: this family has channels a thousand times larger than their neighbours,
// which one scale a token would drown.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

inline void quantize(const float* x, uint32_t n, uint32_t width, uint32_t slot, int8_t* values, float* scales, int32_t* corrections) {
    scales += slot;
    corrections += slot;
    values += slot * 4;
    for (uint32_t i = 0; i < n; i += kActivationGroup, scales += width, corrections += width, values += kActivationGroup * width) {
        Float low = load(x + i), high = i + kLanes < n ? load(x + i + kLanes) : broadcast(0);
        const float largest = reduce_max(max(abs(low), abs(high)));
        // Groups too small for a finite inverse become zeros.
        const Float inverse = broadcast(largest > 1e-36f ? 127.0f / largest : 0.0f);
        Int a = to_int(mul(low, inverse)), b = to_int(mul(high, inverse));
        *scales = largest / 127.0f;
        *corrections = -128 * reduce_add(add(a, b));
        alignas(4) int8_t bytes[kActivationGroup];
        store_bytes(bytes, a);
        store_bytes(bytes + kLanes, b);
        for (uint32_t k = 0; k < kActivationGroup / 4; ++k) __builtin_memcpy(values + k * width * 4, bytes + k * 4, 4);
    }
}

}  // namespace qingmo::QINGMO_ISA
