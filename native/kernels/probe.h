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

// Independent sums from `start` on, to each of which a round adds `adds` products a lane, whose factors it reads anew.
template <class Sum, class A, class B, class Add>
inline uint64_t multiply_add(uint32_t rounds, Sum start, uint32_t adds, const A& read_a, const B& read_b, const Add& add_product) {
    Sum sum[kProbeSums];
    for (int i = 0; i < kProbeSums; ++i) sum[i] = start;
#pragma GCC unroll 8
    for (uint32_t round = 0; round < rounds; ++round) {
        const auto a = read_a();
        const auto b = read_b();
        for (int i = 0; i < kProbeSums; ++i) sum[i] = add_product(sum[i], a, b);
    }
    for (int i = 1; i < kProbeSums; ++i) sum[0] = add(sum[0], sum[i]);
    const auto total = reduce_add(sum[0]);
    asm volatile("" ::"m"(total));  // so that it is wanted
    return uint64_t(rounds) * kProbeSums * kLanes * adds;
}

inline uint64_t multiply_add_int8(uint32_t rounds) {
    alignas(64) static const uint8_t weights[64] = {1, 2, 3};
    static const int8_t four[4] = {1, 2, 3, 4};
    return multiply_add(
        rounds, broadcast_int(1), 4, [] { return load_bytes(unknown(weights)); }, [] { return broadcast_four(unknown(four)); },
        [](Int sum, Bytes w, Int a) { return dot(sum, w, a); });
}

inline uint64_t multiply_add_int16(uint32_t rounds) {
    alignas(64) static const int32_t pairs[kLanes] = {1, 2, 3};
    static const int32_t pair = 0x20001;
    return multiply_add(
        rounds, broadcast_int(1), 2, [] { return load_int(unknown(pairs)); }, [] { return broadcast_int(*unknown(&pair)); },
        [](Int sum, Int a, Int b) { return dot_pairs(sum, a, b); });
}

inline uint64_t multiply_add_floats(uint32_t rounds) {
    alignas(64) static const float weights[kLanes] = {1, 2, 3};
    static const float factor = 0.5f;
    return multiply_add(
        rounds, broadcast(1), 1, [] { return load(unknown(weights)); }, [] { return broadcast(*unknown(&factor)); },
        [](Float sum, Float w, Float a) { return fma(w, a, sum); });
}

}  // namespace qingmo::QINGMO_ISA
