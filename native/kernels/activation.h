// SwiGLU's elementwise part (Shazeer 2020): silu(gate) * up, silu(x) = x / (1 + e^-x).
#pragma once

#include "math.h"

namespace qingmo::QINGMO_ISA {

inline void silu_mul(const float* gate, const float* up, uint32_t n, float* out) {
    for (uint32_t i = 0; i < n; i += kLanes) {
        Float g = load(gate + i);
        Float denominator = add(broadcast(1.0f), exp(sub(broadcast(0.0f), g)));
        store(out + i, mul(div(g, denominator), load(up + i)));
    }
}

}  // namespace qingmo::QINGMO_ISA
