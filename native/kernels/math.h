// exp, written once: no library's exp is the same on every machine.
#pragma once

#include "../dispatch.h"

namespace qingmo::QINGMO_ISA {

// e^x for x in [-87, 88], clamped outside; relative error below 2e-7.
// x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts (Cody and Waite 1980), e^r by its Taylor series to r^7.
inline Float exp(Float x) {
    x = min(max(x, broadcast(-87.0f)), broadcast(88.0f));
    Int n = to_int(mul(x, broadcast(1.44269504f)));
    Float whole = to_float(n);
    Float r = fma(whole, broadcast(-0.693359375f), x);
    r = fma(whole, broadcast(2.12194440e-4f), r);
    Float p = broadcast(1.0f / 5040);
    p = fma(p, r, broadcast(1.0f / 720));
    p = fma(p, r, broadcast(1.0f / 120));
    p = fma(p, r, broadcast(1.0f / 24));
    p = fma(p, r, broadcast(1.0f / 6));
    p = fma(p, r, broadcast(0.5f));
    p = fma(p, r, broadcast(1.0f));
    p = fma(p, r, broadcast(1.0f));
    return scale_by_power(p, n);
}

// Lanes below `count` set.
inline Mask first_lanes(uint32_t count) { return count >= kLanes ? 0xffffu : (1u << count) - 1; }

}  // namespace qingmo::QINGMO_ISA
