// The 16-lane vectors on AVX-512 (F, BW, DQ, VL, VNNI). What each function means stands in simd_scalar.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace qingmo::QINGMO_ISA {

using Float = __m512;
struct Int { __m512i v; };
struct Bytes { __m512i v; };
using Halves = Bytes;
using Mask = uint32_t;

inline Float broadcast(float x) { return _mm512_set1_ps(x); }
inline Float load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Float x) { _mm512_storeu_ps(p, x); }
inline Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
inline Float sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
inline Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
inline Float div(Float a, Float b) { return _mm512_div_ps(a, b); }
inline Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
inline Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
inline Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
inline Float abs(Float a) { return _mm512_abs_ps(a); }
inline float sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

inline Mask greater(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
inline Mask equal(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Float select(Mask m, Float yes, Float no) { return _mm512_mask_blend_ps(__mmask16(m), no, yes); }

inline Int broadcast_int(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline Int add(Int a, Int b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline Int load_int(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline Int dot_pairs(Int acc, Int a, Int b) { return {_mm512_dpwssd_epi32(acc.v, a.v, b.v)}; }
inline Float to_float(Int a) { return _mm512_cvtepi32_ps(a.v); }
inline Int to_int(Float a) { return {_mm512_cvtps_epi32(a)}; }
inline Float scale_by_power(Float x, Int n) {
    return _mm512_mul_ps(x, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n.v, _mm512_set1_epi32(127)), 23)));
}
inline void store_int16(int16_t* p, Int a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a.v)); }
inline void store_bytes(int8_t* p, Int a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v)); }

inline Bytes load_bytes(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
inline Halves low_halves(Bytes b) { return {_mm512_and_si512(b.v, _mm512_set1_epi8(15))}; }
inline Halves high_halves(Bytes b) { return {_mm512_and_si512(_mm512_srli_epi16(b.v, 4), _mm512_set1_epi8(15))}; }
inline Halves with_upper_pair(Halves h, Bytes b, int pair) {
    const __m512i moved = pair == 0   ? _mm512_slli_epi16(b.v, 4)
                          : pair == 1 ? _mm512_slli_epi16(b.v, 2)
                          : pair == 2 ? b.v
                                      : _mm512_srli_epi16(b.v, 2);
    return {_mm512_or_si512(h.v, _mm512_and_si512(moved, _mm512_set1_epi8(0x30)))};
}
inline Int broadcast_four(const int8_t* p) {
    int32_t x;
    __builtin_memcpy(&x, p, 4);
    return {_mm512_set1_epi32(x)};
}
constexpr int kDotZero = 0;
inline Int dot(Int acc, Bytes w, Int a) { return {_mm512_dpbusd_epi32(acc.v, w.v, a.v)}; }
inline Int add_bytes(Int acc, Bytes b) { return dot(acc, b, {_mm512_set1_epi8(1)}); }

inline Float load_bfloat16(const uint16_t* p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
inline Float load_half(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline void store_half(uint16_t* p, Float x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

inline float reduce_add(Float x) {
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline float reduce_max(Float x) {
    __m256 a = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline int32_t reduce_add(Int x) { return _mm512_reduce_add_epi32(x.v); }

inline void prefetch(const void* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1); }

// Of 32 registers a row by a tile takes one.
constexpr int kGemmRows = 8;  // by two tiles: 16 independent chains hide the latency of a product
constexpr int tiles_at_once(int rows) { return rows <= 2 ? 4 : 2; }
constexpr size_t kGemmPiece = 80'000'000;  // 256 rows of a 0.5B model's down: their activations are 1.2 MB of L2
constexpr int kAttentionRowsAtOnce = 8, kAttentionVectors = 2;
constexpr uint32_t kPanelBytes = 29 * 1024;  // beside activations and carries in a 48 KiB L1: two tiles of 896 inputs just fit

}  // namespace qingmo::QINGMO_ISA
