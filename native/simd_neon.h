// The 16-lane vectors on NEON with dot product (ARMv8.2), four registers each. What each function means stands in
// simd_scalar.h.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace qingmo::QINGMO_ISA {

struct Float { float32x4_t part[4]; };
struct Int { int32x4_t part[4]; };
struct Bytes { uint8x16_t part[4]; };
struct Halves { uint8x16_t part[4]; };
using Mask = uint32_t;

#define QINGMO_EACH_PART for (int i = 0; i < 4; ++i)

inline Float broadcast(float x) { Float r; QINGMO_EACH_PART r.part[i] = vdupq_n_f32(x); return r; }
inline Float load(const float* p) { Float r; QINGMO_EACH_PART r.part[i] = vld1q_f32(p + 4 * i); return r; }
inline void store(float* p, Float x) { QINGMO_EACH_PART vst1q_f32(p + 4 * i, x.part[i]); }
inline Float add(Float a, Float b) { QINGMO_EACH_PART a.part[i] = vaddq_f32(a.part[i], b.part[i]); return a; }
inline Float sub(Float a, Float b) { QINGMO_EACH_PART a.part[i] = vsubq_f32(a.part[i], b.part[i]); return a; }
inline Float mul(Float a, Float b) { QINGMO_EACH_PART a.part[i] = vmulq_f32(a.part[i], b.part[i]); return a; }
inline Float div(Float a, Float b) { QINGMO_EACH_PART a.part[i] = vdivq_f32(a.part[i], b.part[i]); return a; }
inline Float fma(Float a, Float b, Float c) { QINGMO_EACH_PART c.part[i] = vfmaq_f32(c.part[i], a.part[i], b.part[i]); return c; }
// Not vmaxq: where a lane is not a number it is to be the second operand's.
inline float32x4_t max(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
inline Float max(Float a, Float b) { QINGMO_EACH_PART a.part[i] = max(a.part[i], b.part[i]); return a; }
inline Float min(Float a, Float b) { QINGMO_EACH_PART a.part[i] = vbslq_f32(vcltq_f32(a.part[i], b.part[i]), a.part[i], b.part[i]); return a; }
inline Float abs(Float a) { QINGMO_EACH_PART a.part[i] = vabsq_f32(a.part[i]); return a; }
inline float sqrt(float x) { return __builtin_sqrtf(x); }

// Lane i of part j -> bit 4 * j + i.
inline Mask mask_of(const uint32x4_t (&part)[4]) {
    constexpr uint32_t kBits[4] = {1, 2, 4, 8};
    Mask m = 0;
    QINGMO_EACH_PART m |= vaddvq_u32(vandq_u32(part[i], vld1q_u32(kBits))) << 4 * i;
    return m;
}
inline Mask greater(Float a, Float b) { uint32x4_t r[4]; QINGMO_EACH_PART r[i] = vcgtq_f32(a.part[i], b.part[i]); return mask_of(r); }
inline Mask equal(Float a, Float b) { uint32x4_t r[4]; QINGMO_EACH_PART r[i] = vceqq_f32(a.part[i], b.part[i]); return mask_of(r); }
inline Float select(Mask m, Float yes, Float no) {
    constexpr uint32_t kBits[4] = {1, 2, 4, 8};
    QINGMO_EACH_PART no.part[i] = vbslq_f32(vtstq_u32(vdupq_n_u32(m >> 4 * i), vld1q_u32(kBits)), yes.part[i], no.part[i]);
    return no;
}

inline Int broadcast_int(int32_t x) { Int r; QINGMO_EACH_PART r.part[i] = vdupq_n_s32(x); return r; }
inline Int add(Int a, Int b) { QINGMO_EACH_PART a.part[i] = vaddq_s32(a.part[i], b.part[i]); return a; }
inline Int load_int(const int32_t* p) { Int r; QINGMO_EACH_PART r.part[i] = vld1q_s32(p + 4 * i); return r; }
inline int32x4_t dot_pairs(int32x4_t acc, int16x8_t a, int16x8_t b) {
    return vaddq_s32(acc, vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)));
}
inline Int dot_pairs(Int acc, Int a, Int b) {
    QINGMO_EACH_PART acc.part[i] = dot_pairs(acc.part[i], vreinterpretq_s16_s32(a.part[i]), vreinterpretq_s16_s32(b.part[i]));
    return acc;
}
inline Float to_float(Int a) { Float r; QINGMO_EACH_PART r.part[i] = vcvtq_f32_s32(a.part[i]); return r; }
inline Int to_int(Float a) { Int r; QINGMO_EACH_PART r.part[i] = vcvtnq_s32_f32(a.part[i]); return r; }
inline Float scale_by_power(Float x, Int n) {
    QINGMO_EACH_PART {
        const int32x4_t bits = vshlq_n_s32(vaddq_s32(n.part[i], vdupq_n_s32(127)), 23);
        x.part[i] = vmulq_f32(x.part[i], vreinterpretq_f32_s32(bits));
    }
    return x;
}
inline void store_int16(int16_t* p, Int a) { QINGMO_EACH_PART vst1_s16(p + 4 * i, vmovn_s32(a.part[i])); }
inline void store_bytes(int8_t* p, Int a) {
    const int16x8_t low = vcombine_s16(vmovn_s32(a.part[0]), vmovn_s32(a.part[1]));
    const int16x8_t high = vcombine_s16(vmovn_s32(a.part[2]), vmovn_s32(a.part[3]));
    vst1q_s8(p, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}

inline Bytes load_bytes(const uint8_t* p) {
    Bytes r;
    QINGMO_EACH_PART r.part[i] = vld1q_u8(p + 16 * i);
    return r;
}
inline Halves low_halves(Bytes b) { Halves r; QINGMO_EACH_PART r.part[i] = vandq_u8(b.part[i], vdupq_n_u8(15)); return r; }
inline Halves high_halves(Bytes b) { Halves r; QINGMO_EACH_PART r.part[i] = vshrq_n_u8(b.part[i], 4); return r; }
inline Halves with_upper_pair(Halves h, Bytes b, int pair) {
    QINGMO_EACH_PART {
        const uint8x16_t moved = pair == 0   ? vshlq_n_u8(b.part[i], 4)
                                 : pair == 1 ? vshlq_n_u8(b.part[i], 2)
                                 : pair == 2 ? b.part[i]
                                             : vshrq_n_u8(b.part[i], 2);
        h.part[i] = vorrq_u8(h.part[i], vandq_u8(moved, vdupq_n_u8(0x30)));
    }
    return h;
}
inline Int broadcast_four(const int8_t* p) {
    int32_t x;
    __builtin_memcpy(&x, p, 4);
    return broadcast_int(x);
}
// Bytes of both are signed here; turning the highest bit takes 128 away.
constexpr int kDotZero = 128;
inline int32x4_t add_dot(int32x4_t acc, uint8x16_t w, int32x4_t a) {
    return vdotq_s32(acc, vreinterpretq_s8_u8(w), vreinterpretq_s8_s32(a));
}
inline Int dot(Int acc, Bytes w, Int a) {
    QINGMO_EACH_PART acc.part[i] = add_dot(acc.part[i], veorq_u8(w.part[i], vdupq_n_u8(0x80)), a.part[i]);
    return acc;
}
inline Int dot(Int acc, Halves w, Int a) { QINGMO_EACH_PART acc.part[i] = add_dot(acc.part[i], w.part[i], a.part[i]); return acc; }
inline Int add_bytes(Int acc, Bytes b) { return add(dot(acc, b, broadcast_int(0x01010101)), broadcast_int(4 * 128)); }

inline Float load_bfloat16(const uint16_t* p) {
    Float r;
    QINGMO_EACH_PART r.part[i] = vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16));
    return r;
}
inline Float load_half(const uint16_t* p) {
    Float r;
    QINGMO_EACH_PART r.part[i] = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i)));
    return r;
}
inline void store_half(uint16_t* p, Float x) { QINGMO_EACH_PART vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(x.part[i]))); }

inline float reduce_add(Float x) {
    const float32x4_t a = vaddq_f32(vaddq_f32(x.part[0], x.part[2]), vaddq_f32(x.part[1], x.part[3]));
    const float32x2_t b = vadd_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(b, 0) + vget_lane_f32(b, 1);
}
inline float reduce_max(Float x) {
    const float32x4_t a = max(max(x.part[0], x.part[2]), max(x.part[1], x.part[3]));
    const float32x4_t b = max(a, vextq_f32(a, a, 2)), c = max(b, vextq_f32(b, b, 1));
    return vgetq_lane_f32(c, 0);
}
inline int32_t reduce_add(Int x) {
    return vaddvq_s32(vaddq_s32(vaddq_s32(x.part[0], x.part[2]), vaddq_s32(x.part[1], x.part[3])));
}

inline void prefetch(const void* p) { __builtin_prefetch(p, 0, 2); }

// Of 32 registers a row by a tile takes four.
constexpr int kGemmRows = 6;  // 24 sums, a tile's weights, an activation
constexpr int tiles_at_once(int rows) { return rows <= 2 ? 2 : 1; }
constexpr size_t kGemmPiece = 5'000'000;  // at 50 a nanosecond
constexpr int kAttentionRowsAtOnce = 4, kAttentionVectors = 1;
constexpr uint32_t kPanelBytes = 29 * 1024;  // half of a Cortex-A76's L1

}  // namespace qingmo::QINGMO_ISA
