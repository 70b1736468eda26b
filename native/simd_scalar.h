// The 16-lane vectors in plain C++: what every other instruction set must equal, bit by bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "half.h"

namespace qingmo::QINGMO_ISA {

struct Float { alignas(64) float lane[16]; };
struct Int { alignas(64) int32_t lane[16]; };
struct Bytes { alignas(64) uint8_t byte[64]; };
using Halves = Bytes;  // each below 16
using Mask = uint32_t;  // bit i: lane i

#define QINGMO_EACH_LANE for (int i = 0; i < 16; ++i)

inline Float broadcast(float x) { Float r; QINGMO_EACH_LANE r.lane[i] = x; return r; }
inline Float load(const float* p) { Float r; std::memcpy(r.lane, p, 64); return r; }
inline void store(float* p, Float x) { std::memcpy(p, x.lane, 64); }
inline Float add(Float a, Float b) { Float r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] + b.lane[i]; return r; }
inline Float sub(Float a, Float b) { Float r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] - b.lane[i]; return r; }
inline Float mul(Float a, Float b) { Float r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] * b.lane[i]; return r; }
inline Float div(Float a, Float b) { Float r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] / b.lane[i]; return r; }
inline Float fma(Float a, Float b, Float c) {
    Float r;
    QINGMO_EACH_LANE r.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
    return r;
}
// Where a lane is not a number the second operand is taken, as x86 does.
inline Float max(Float a, Float b) { Float r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; return r; }
inline Float min(Float a, Float b) { Float r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; return r; }
inline Float abs(Float a) { Float r; QINGMO_EACH_LANE r.lane[i] = __builtin_fabsf(a.lane[i]); return r; }
inline float sqrt(float x) { return __builtin_sqrtf(x); }

inline Mask greater(Float a, Float b) { Mask m = 0; QINGMO_EACH_LANE m |= uint32_t(a.lane[i] > b.lane[i]) << i; return m; }
inline Mask equal(Float a, Float b) { Mask m = 0; QINGMO_EACH_LANE m |= uint32_t(a.lane[i] == b.lane[i]) << i; return m; }
inline Float select(Mask m, Float yes, Float no) { Float r; QINGMO_EACH_LANE r.lane[i] = m >> i & 1 ? yes.lane[i] : no.lane[i]; return r; }

inline Int broadcast_int(int32_t x) { Int r; QINGMO_EACH_LANE r.lane[i] = x; return r; }
inline Int add(Int a, Int b) { Int r; QINGMO_EACH_LANE r.lane[i] = a.lane[i] + b.lane[i]; return r; }
inline Int load_int(const int32_t* p) { Int r; std::memcpy(r.lane, p, 64); return r; }
// acc[i] += the product of the low halves of a[i] and b[i] + that of their high halves, each an int16.
inline Int dot_pairs(Int acc, Int a, Int b) {
    QINGMO_EACH_LANE {
        const int32_t low = int16_t(a.lane[i]) * int16_t(b.lane[i]), high = (a.lane[i] >> 16) * (b.lane[i] >> 16);
        acc.lane[i] = int32_t(uint32_t(acc.lane[i]) + uint32_t(low) + uint32_t(high));  // what nobody will use may overflow
    }
    return acc;
}
inline Float to_float(Int a) { Float r; QINGMO_EACH_LANE r.lane[i] = float(a.lane[i]); return r; }
// Nearest, ties to even; |x| below 2^31.
inline Int to_int(Float a) { Int r; QINGMO_EACH_LANE r.lane[i] = int32_t(__builtin_lrintf(a.lane[i])); return r; }
// x * 2^n for n in [-126, 127].
inline Float scale_by_power(Float x, Int n) {
    QINGMO_EACH_LANE {
        uint32_t bits = uint32_t(n.lane[i] + 127) << 23;
        float power;
        std::memcpy(&power, &bits, 4);
        x.lane[i] *= power;
    }
    return x;
}
// Each fits an int16.
inline void store_int16(int16_t* p, Int a) { QINGMO_EACH_LANE { const int16_t x = int16_t(a.lane[i]); std::memcpy(p + i, &x, 2); } }
inline void store_bytes(int8_t* p, Int a) { QINGMO_EACH_LANE p[i] = int8_t(a.lane[i]); }

inline Bytes load_bytes(const uint8_t* p) { Bytes r; std::memcpy(r.byte, p, 64); return r; }
inline Halves low_halves(const Bytes& b) { Halves r; for (int i = 0; i < 64; ++i) r.byte[i] = b.byte[i] & 15; return r; }
inline Halves high_halves(const Bytes& b) { Halves r; for (int i = 0; i < 64; ++i) r.byte[i] = b.byte[i] >> 4; return r; }
// Halves with the `pair`th two bits of each byte above their own four.
inline Halves with_upper_pair(Halves h, const Bytes& b, int pair) {
    for (int i = 0; i < 64; ++i) h.byte[i] = uint8_t(h.byte[i] | (b.byte[i] >> 2 * pair & 3) << 4);
    return h;
}
inline Int broadcast_four(const int8_t* p) { int32_t x; std::memcpy(&x, p, 4); return broadcast_int(x); }
// acc[i] += sum over j of (w[4i + j] - kDotZero) * a's byte j, where every lane of a holds the same four signed bytes.
// kDotZero is what suits an instruction set, 0 or 128; of Halves nothing is taken away.
constexpr int kDotZero = 0;
inline Int dot(Int acc, Bytes w, Int a) {
    int8_t four[4];
    std::memcpy(four, a.lane, 4);
    QINGMO_EACH_LANE {
        const uint8_t* b = w.byte + 4 * i;
        acc.lane[i] += b[0] * four[0] + b[1] * four[1] + b[2] * four[2] + b[3] * four[3];
    }
    return acc;
}

// acc[i] += b[4i] + b[4i + 1] + b[4i + 2] + b[4i + 3].
inline Int add_bytes(Int acc, Bytes b) { return dot(acc, b, broadcast_int(0x01010101)); }

inline float float_from_bfloat16(uint16_t h) {
    uint32_t bits = uint32_t(h) << 16;
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}
inline Float load_bfloat16(const uint16_t* p) { Float r; QINGMO_EACH_LANE r.lane[i] = float_from_bfloat16(p[i]); return r; }
inline Float load_half(const uint16_t* p) { Float r; QINGMO_EACH_LANE r.lane[i] = float_from_half(p[i]); return r; }
inline void store_half(uint16_t* p, Float x) { QINGMO_EACH_LANE p[i] = half_from_float(x.lane[i]); }

// Reductions follow one tree on every instruction set: halves are folded until one lane is left.
inline float reduce_add(Float x) {
    for (int n = 8; n; n /= 2)
        for (int i = 0; i < n; ++i) x.lane[i] += x.lane[i + n];
    return x.lane[0];
}
inline float reduce_max(Float x) {
    for (int n = 8; n; n /= 2)
        for (int i = 0; i < n; ++i) x.lane[i] = x.lane[i] > x.lane[i + n] ? x.lane[i] : x.lane[i + n];
    return x.lane[0];
}
inline int32_t reduce_add(Int x) { int32_t sum = 0; QINGMO_EACH_LANE sum += x.lane[i]; return sum; }

inline void prefetch(const void* p) { __builtin_prefetch(p, 0, 2); }

// How the kernels share out their registers; results do not depend on it.
constexpr int kGemmRows = 4;                                             // rows of a product computed together, by
constexpr int tiles_at_once(int rows) { return rows <= 2 ? 2 : 1; }      // so many tiles
constexpr size_t kGemmPiece = 200'000;  // multiply-adds of one call: Kernels::gemm_piece
constexpr int kAttentionRowsAtOnce = 4, kAttentionVectors = 1;           // query rows, by vectors of keys or values
constexpr uint32_t kPanelBytes = 29 * 1024;  // of weights worked on with all rows before the next: what L1 keeps

}  // namespace qingmo::QINGMO_ISA
