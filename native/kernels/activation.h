// SwiGLU's elementwise part (Shazeer 2020): silu(gate) * up, silu(x) = x / (1 + e^-x).
#pragma once

#include "math.h"

namespace qingmo::QINGMO_ISA {

inline Float silu_mul(Float gate, Float up) {
    Float denominator = add(broadcast(1.0f), exp(sub(broadcast(0.0f), gate)));
    return mul(div(gate, denominator), up);
}

}  // namespace qingmo::QINGMO_ISA
