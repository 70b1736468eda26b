// Scans over a row of logits. The decisions are made in sampler.cpp; here is what must be quick at 151,936 entries.
#pragma once

#include "math.h"

namespace qingmo::QINGMO_ISA {

inline Mask allowed(const uint32_t* mask, uint32_t at) { return mask[at / 32] >> (at % 32) & 0xffffu; }

inline void best(const float* logits, const uint32_t* mask, uint32_t n, float* value, uint32_t* id) {
    const Float lowest = broadcast(-__builtin_inff());
    Float top = lowest;
    for (uint32_t i = 0; i < n; i += kLanes) top = max(select(allowed(mask, i), load(logits + i), lowest), top);
    const float max_value = reduce_max(top);
    *value = max_value;
    *id = 0;
    for (uint32_t i = 0; i < n; i += kLanes) {
        const Mask hit = equal(load(logits + i), broadcast(max_value)) & allowed(mask, i);
        if (hit) {
            *id = i + uint32_t(__builtin_ctz(hit));
            return;
        }
    }
}

inline float sum_exp(const float* logits, const uint32_t* mask, uint32_t n, float max_value, float inverse_temperature) {
    Float sum = broadcast(0);
    for (uint32_t i = 0; i < n; i += kLanes) {
        Float e = exp(mul(sub(load(logits + i), broadcast(max_value)), broadcast(inverse_temperature)));
        sum = add(sum, select(allowed(mask, i), e, broadcast(0)));
    }
    return reduce_add(sum);
}

inline uint32_t above(const float* logits, const uint32_t* mask, uint32_t begin, uint32_t end, float threshold, uint32_t* ids) {
    uint32_t found = 0;
    for (uint32_t i = begin; i < end; i += kLanes) {
        Mask hit = greater(load(logits + i), broadcast(threshold)) & allowed(mask, i);
        for (; hit; hit &= hit - 1) ids[found++] = i + uint32_t(__builtin_ctz(hit));
    }
    return found;
}

inline void exp_all(const float* x, uint32_t n, float* out) {
    for (uint32_t i = 0; i < n; i += kLanes) store(out + i, exp(load(x + i)));
}

// Four streams side by side, as the gemm reads weights for one row.
inline uint64_t read_memory(const uint8_t* data, size_t bytes) {
    Int sum[4] = {broadcast_int(0), broadcast_int(0), broadcast_int(0), broadcast_int(0)};
    const size_t stream = bytes / 4;
    for (size_t i = 0; i < stream; i += 64)
        for (int j = 0; j < 4; ++j) sum[j] = add_bytes(sum[j], load_bytes(data + j * stream + i));
    return uint64_t(uint32_t(reduce_add(add(add(sum[0], sum[1]), add(sum[2], sum[3])))));
}

}  // namespace qingmo::QINGMO_ISA
