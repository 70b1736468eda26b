// Root-mean-square normalization (Zhang and Sennrich 2019).
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

inline void rms_norm(const float* x, const float* weight, uint32_t n, float eps, float* out) {
    Float squares = broadcast(0);
    for (uint32_t i = 0; i < n; i += kLanes) {
        Float v = load(x + i);
        squares = fma(v, v, squares);
    }
    const float inverse = 1.0f / sqrt(reduce_add(squares) / float(n) + eps);
    for (uint32_t i = 0; i < n; i += kLanes) store(out + i, mul(mul(load(x + i), broadcast(inverse)), load(weight + i)));
}

}  // namespace qingmo::QINGMO_ISA
