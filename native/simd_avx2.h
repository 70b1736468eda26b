// The 16-lane vectors on AVX2 (with FMA and F16C), two registers each. With AVX-VNNI only the dot product differs.
// What each function means stands in simd_scalar.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace qingmo::QINGMO_ISA {

struct Float { __m256 low, high; };
struct Int { __m256i low, high; };
struct Bytes { __m256i low, high; };
struct Halves { __m256i low, high; };
using Mask = uint32_t;

inline __m256i read_256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline __m128i read_128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline void write_128(void* p, __m128i x) { _mm_storeu_si128(static_cast<__m128i*>(p), x); }

inline Float broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Float load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, Float x) {
    _mm256_storeu_ps(p, x.low);
    _mm256_storeu_ps(p + 8, x.high);
}
inline Float add(Float a, Float b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline Float sub(Float a, Float b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline Float mul(Float a, Float b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline Float div(Float a, Float b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline Float fma(Float a, Float b, Float c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Float max(Float a, Float b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline Float min(Float a, Float b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
inline Float abs(Float a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
inline float sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

inline Mask mask_of(__m256 low, __m256 high) { return Mask(_mm256_movemask_ps(low)) | Mask(_mm256_movemask_ps(high)) << 8; }
inline Mask greater(Float a, Float b) {
    return mask_of(_mm256_cmp_ps(a.low, b.low, _CMP_GT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_GT_OQ));
}
inline Mask equal(Float a, Float b) {
    return mask_of(_mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ));
}
// All ones in the lanes whose bit is set.
inline __m256 lanes_of(Mask m) {
    const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(int(m)), bits), bits));
}
inline Float select(Mask m, Float yes, Float no) {
    return {_mm256_blendv_ps(no.low, yes.low, lanes_of(m)), _mm256_blendv_ps(no.high, yes.high, lanes_of(m >> 8))};
}

inline Int broadcast_int(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline Int add(Int a, Int b) { return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)}; }
inline Int load_int(const int32_t* p) { return {read_256(p), read_256(p + 8)}; }
#if __AVXVNNI__
inline Int dot_pairs(Int acc, Int a, Int b) {
    return {_mm256_dpwssd_avx_epi32(acc.low, a.low, b.low), _mm256_dpwssd_avx_epi32(acc.high, a.high, b.high)};
}
#else
inline Int dot_pairs(Int acc, Int a, Int b) {
    return add(acc, {_mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high)});
}
#endif
inline Float to_float(Int a) { return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)}; }
inline Int to_int(Float a) { return {_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)}; }
inline __m256 power_of_two(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
inline Float scale_by_power(Float x, Int n) { return mul(x, {power_of_two(n.low), power_of_two(n.high)}); }
// Packing takes 128 bits of one operand and 128 of the other in turns.
inline __m256i packed(Int a) { return _mm256_permute4x64_epi64(_mm256_packs_epi32(a.low, a.high), 0xd8); }
inline void store_int16(int16_t* p, Int a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), packed(a)); }
inline void store_bytes(int8_t* p, Int a) {
    const __m256i words = packed(a);
    write_128(p, _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

inline Bytes load_bytes(const uint8_t* p) { return {read_256(p), read_256(p + 32)}; }
inline __m256i low_halves(__m256i b) { return _mm256_and_si256(b, _mm256_set1_epi8(15)); }
inline Halves low_halves(Bytes b) { return {low_halves(b.low), low_halves(b.high)}; }
inline Halves high_halves(Bytes b) {
    return {low_halves(_mm256_srli_epi16(b.low, 4)), low_halves(_mm256_srli_epi16(b.high, 4))};
}
inline __m256i with_upper_pair(__m256i h, __m256i b, int pair) {
    const __m256i moved = pair == 0   ? _mm256_slli_epi16(b, 4)
                          : pair == 1 ? _mm256_slli_epi16(b, 2)
                          : pair == 2 ? b
                                      : _mm256_srli_epi16(b, 2);
    return _mm256_or_si256(h, _mm256_and_si256(moved, _mm256_set1_epi8(0x30)));
}
inline Halves with_upper_pair(Halves h, Bytes b, int pair) {
    return {with_upper_pair(h.low, b.low, pair), with_upper_pair(h.high, b.high, pair)};
}
inline Int broadcast_four(const int8_t* p) {
    int32_t x;
    __builtin_memcpy(&x, p, 4);
    return broadcast_int(x);
}

#if __AVXVNNI__
constexpr int kDotZero = 0;
inline __m256i add_dot(__m256i acc, __m256i w, __m256i a) { return _mm256_dpbusd_avx_epi32(acc, w, a); }
inline Int dot(Int acc, Bytes w, Int a) { return {add_dot(acc.low, w.low, a.low), add_dot(acc.high, w.high, a.high)}; }
#else
constexpr int kDotZero = 128;
// w unsigned, a signed. Two neighbouring products must fit 16 bits.
inline __m256i add_dot(__m256i acc, __m256i w, __m256i a) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(w, a), _mm256_set1_epi16(1)));
}
// Two products of w do not fit, but two of |w - 128| <= 128 and |a| <= 127 do: the sign moves from the weight to the activation.
inline __m256i add_signed_dot(__m256i acc, __m256i w, __m256i a) {
    const __m256i weight = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    return add_dot(acc, _mm256_abs_epi8(weight), _mm256_sign_epi8(a, weight));
}
inline Int dot(Int acc, Bytes w, Int a) {
    return {add_signed_dot(acc.low, w.low, a.low), add_signed_dot(acc.high, w.high, a.high)};
}
#endif
inline Int dot(Int acc, Halves w, Int a) { return {add_dot(acc.low, w.low, a.low), add_dot(acc.high, w.high, a.high)}; }
inline __m256i sum_of_fours(__m256i bytes) {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}
inline Int add_bytes(Int acc, Bytes b) { return add(acc, {sum_of_fours(b.low), sum_of_fours(b.high)}); }

inline __m256 eight_bfloat16(const uint16_t* p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(read_128(p)), 16));
}
inline Float load_bfloat16(const uint16_t* p) { return {eight_bfloat16(p), eight_bfloat16(p + 8)}; }
inline Float load_half(const uint16_t* p) { return {_mm256_cvtph_ps(read_128(p)), _mm256_cvtph_ps(read_128(p + 8))}; }
inline void store_half(uint16_t* p, Float x) {
    write_128(p, _mm256_cvtps_ph(x.low, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    write_128(p + 8, _mm256_cvtps_ph(x.high, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

inline float reduce_add(Float x) {
    const __m256 a = _mm256_add_ps(x.low, x.high);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline float reduce_max(Float x) {
    const __m256 a = _mm256_max_ps(x.low, x.high);
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline int32_t reduce_add(Int x) {
    const __m256i a = _mm256_add_epi32(x.low, x.high);
    __m128i b = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    b = _mm_add_epi32(b, _mm_shuffle_epi32(b, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(b, _mm_shuffle_epi32(b, 1)));
}

inline void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1); }

// Of 16 registers a row by a tile takes two.
#if __AVXVNNI__
constexpr int kGemmRows = 6;  // 12 sums, a tile's weights, an activation
constexpr int tiles_at_once(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
#else
constexpr int kGemmRows = 4;  // 8 sums, weights and their magnitudes, two constants
constexpr int tiles_at_once(int rows) { return rows == 1 ? 2 : 1; }
#endif
constexpr size_t kGemmPiece = 5'000'000;  // at 50 a nanosecond
constexpr int kAttentionRowsAtOnce = 4, kAttentionVectors = 1;
constexpr uint32_t kPanelBytes = 16 * 1024;  // beside activations and carries in a 32 KiB L1

}  // namespace qingmo::QINGMO_ISA
