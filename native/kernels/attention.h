// Attention of some query rows over cached keys and values, 256 keys at a time.
//
// Scores hold one key a lane. Products of floats are summed in order, of the head's dimensions and of the keys; those of whole
// numbers exactly.
// A chunk's softmax is closed by itself and merged with those before it, so the result does not depend on who computes
// which chunk, nor on what other rows are computed beside it.
#pragma once

#include "attention_float.h"
#include "attention_int16.h"

namespace qingmo::QINGMO_ISA {

// At most R rows, `left` of them where there are fewer.
template <int R, class Chunk>
inline void attend_some_rows(const AttentionTask& task, const Chunk& chunk, uint32_t index, uint32_t row, uint32_t left, float* states) {
    if constexpr (R > 1)
        if (left < R) return attend_some_rows<R - 1>(task, chunk, index, row, left, states);
    attend_rows<R>(task, chunk, index, row, states);
}

// Whole tokens together where they fit, as their rows see the same keys.
template <class Chunk>
inline void attend_all_rows(const AttentionTask& task, const Chunk& chunk, uint32_t index, float* states) {
    const uint32_t group = task.heads_per_kv, together = group < kMostRows ? kMostRows / group * group : kMostRows;
    const size_t stride = attention_state_floats(task.head_dim);
    for (uint32_t row = task.row_begin; row < task.row_end;) {
        const uint32_t left = task.row_end - row, rows = left < together ? left : together;
        if (keys_seen(task, row + rows - 1, index)) {
            attend_some_rows<kMostRows>(task, chunk, index, row, rows, states);
        } else {
            for (uint32_t r = 0; r < rows; ++r) states[r * stride + 1] = 0;
        }
        row += rows;
        states += rows * stride;
    }
}

inline void attention_chunk(const AttentionTask& task, uint32_t index, float* states, float* wide) {
    const uint32_t first_tile = index * (kAttentionChunk / kBlockTokens);
    if (task.type == CacheType::int16) return attend_all_rows(task, Int16Chunk{task, first_tile}, index, states);
    if (task.type == CacheType::float32) return attend_all_rows(task, CachedChunk<FloatCache>{task, first_tile}, index, states);
    const CachedChunk<HalfCache> chunk{task, first_tile};
    if (task.row_end - task.row_begin < kRowsWorthWidening) return attend_all_rows(task, chunk, index, states);
    attend_all_rows(task, widened(chunk, tiles_of(keys_seen(task, task.row_end - 1, index)), wide), index, states);
}

inline void attention_merge(uint32_t head_dim, uint32_t rows, float* state, const float* later) {
    const size_t stride = attention_state_floats(head_dim);
    for (uint32_t r = 0; r < rows; ++r, state += stride, later += stride) {
        if (later[1] == 0) continue;  // the row sees no key of that chunk
        const float top = state[0] > later[0] ? state[0] : later[0];
        const Float keep = exp(broadcast(state[0] - top)), take = exp(broadcast(later[0] - top));
        Float sum = fma(broadcast(state[1]), keep, mul(broadcast(later[1]), take));
        alignas(64) float lanes[kLanes];
        store(lanes, sum);
        state[0] = top;
        state[1] = lanes[0];
        for (uint32_t d = 0; d < head_dim; d += kLanes) {
            float* out = state + kLanes + d;
            store(out, fma(load(out), keep, mul(load(later + kLanes + d), take)));
        }
    }
}

inline void attention_finish(uint32_t head_dim, const float* state, float* out) {
    const Float inverse = broadcast(1.0f / state[1]);
    for (uint32_t d = 0; d < head_dim; d += kLanes) store(out + d, mul(load(state + kLanes + d), inverse));
}

inline void rope(float* x, uint32_t heads, const float* cos, const float* sin, uint32_t half) {
    for (; heads > 0; --heads, x += 2 * half) {
        uint32_t i = 0;
        for (; i + kLanes <= half; i += kLanes) {
            const Float a = load(x + i), b = load(x + i + half), c = load(cos + i), s = load(sin + i);
            store(x + i, sub(mul(a, c), mul(b, s)));
            store(x + i + half, add(mul(b, c), mul(a, s)));
        }
        for (; i < half; ++i) {
            const float a = x[i], b = x[i + half];
            x[i] = a * cos[i] - b * sin[i];
            x[i + half] = b * cos[i] + a * sin[i];
        }
    }
}

// In place: queries as the attention over a cache of that type takes them.
inline void prepare_queries(float* x, uint32_t heads, uint32_t head_dim, CacheType type) {
    if (type != CacheType::int16) return;
    for (; heads > 0; --heads, x += head_dim) int16_query(x, head_dim);
}

inline void store_kv(const float* key, const float* value, uint32_t head_dim, uint32_t slot, CacheType type, uint8_t* block) {
    if (type == CacheType::int16) store_kv_int16(key, value, head_dim, slot, block);
    else if (type == CacheType::float32) store_kv_as<FloatCache>(key, value, head_dim, slot, block);
    else store_kv_as<HalfCache>(key, value, head_dim, slot, block);
}

}  // namespace qingmo::QINGMO_ISA
