// float16 in plain C++.
#pragma once

#include <cstdint>
#include <cstring>

namespace qingmo {

inline float float_from_half(uint16_t h) {
    uint32_t sign = uint32_t(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023, bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000 | fraction << 13 | (fraction ? 0x400000 : 0);
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else {
        float x = float(fraction) * 0x1p-24f;  // subnormal: exact
        std::memcpy(&bits, &x, 4);
        bits |= sign;
    }
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}
// Nearest, ties to even, as VCVTPS2PH rounds.
inline uint16_t half_from_float(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    uint16_t sign = uint16_t(bits >> 16 & 0x8000);
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return uint16_t(sign | 0x7e00 | (bits >> 13 & 0x3ff));
    if (bits >= 0x477ff000) return uint16_t(sign | 0x7c00);  // 65520 and above round to infinity
    if (bits < 0x38800000) {                                 // below 2^-14: adding 0.5 rounds at 2^-24, ties to even
        float magnitude;
        std::memcpy(&magnitude, &bits, 4);
        magnitude += 0.5f;
        std::memcpy(&bits, &magnitude, 4);
        return uint16_t(sign | (bits - 0x3f000000));
    }
    uint32_t odd = bits >> 13 & 1;
    return uint16_t(sign | (bits - 0x38000000 + 0xfff + odd) >> 13);
}

}  // namespace qingmo
