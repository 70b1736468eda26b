// What the processor can do at most, to hold the matrix product beside: its own multiply-adds on registers alone.
#pragma once

#include <cstdint>

namespace qingmo::QINGMO_ISA {

// Independent sums. With vectors that are one register, two products a cycle of 5 cycles each keep 10 in flight; where a
// vector is several registers, as many as a product has rows.
constexpr int kProbeSums = kGemmRows < 8 ? kGemmRows : 12;

// The same pointer, of which a compiler knows nothing any more: what it reads there must be read in each round.
template <class T>
inline const T* unknown(const T* p) {
    asm volatile("" : "+r"(p));
    return p;
}

inline uint64_t multiply_add_bytes(uint32_t rounds) {
    alignas(64) static const uint8_t weights[64] = {1, 2, 3};
    static const int8_t four[4] = {1, 2, 3, 4};
    Int sum[kProbeSums];
    for (int i = 0; i < kProbeSums; ++i) sum[i] = broadcast_int(i);
#pragma GCC unroll 8
    for (uint32_t round = 0; round < rounds; ++round) {
        const Bytes w = load_bytes(unknown(weights));
        const Int a = broadcast_four(unknown(four));
        for (int i = 0; i < kProbeSums; ++i) sum[i] = dot(sum[i], w, a);
    }
    for (int i = 1; i < kProbeSums; ++i) sum[0] = add(sum[0], sum[i]);
    const int32_t total = reduce_add(sum[0]);
    asm volatile("" ::"r"(total));  // so that it is wanted
    return uint64_t(rounds) * kProbeSums * kLanes * 4;
}

inline uint64_t multiply_add_floats(uint32_t rounds) {
    alignas(64) static const float weights[kLanes] = {1, 2, 3};
    static const float factor = 0.5f;
    Float sum[kProbeSums];
    for (int i = 0; i < kProbeSums; ++i) sum[i] = broadcast(float(i));
#pragma GCC unroll 8
    for (uint32_t round = 0; round < rounds; ++round) {
        const Float w = load(unknown(weights)), a = broadcast(*unknown(&factor));
        for (int i = 0; i < kProbeSums; ++i) sum[i] = fma(w, a, sum[i]);
    }
    for (int i = 1; i < kProbeSums; ++i) sum[0] = add(sum[0], sum[i]);
    const float total = reduce_add(sum[0]);
    asm volatile("" ::"r"(&total), "m"(total));
    return uint64_t(rounds) * kProbeSums * kLanes;
}

}  // namespace qingmo::QINGMO_ISA
