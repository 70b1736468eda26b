// Attention over keys and values that are whole numbers of 16 bits, one scale a token: products of two are summed exactly,
// a pair of them an instruction, and nothing need be converted first.
//
// Each vector, a token's key, value or query in one head, is scaled by its own largest element, and so are a row's weights
// of a chunk. How many steps each has is bounded by sums that must fit 32 bits.
#pragma once

#include "attention_rows.h"

namespace qingmo::QINGMO_ISA {

constexpr float kMostKey = 4095, kMostQuery = 8191;
constexpr uint32_t kDimsSummed = 64;  // longer heads are summed in parts
static_assert(int64_t(kMostKey) * int64_t(kMostQuery) * kDimsSummed < INT32_MAX);
constexpr float kMostValue = 2047, kMostWeight = 4095;
static_assert(int64_t(kMostValue) * int64_t(kMostWeight) * kAttentionChunk < INT32_MAX);

// A chunk's keys and values where the KV cache has them, in tiles of 16 tokens: keys [head_dim / 2][16][2], values
// [8][head_dim][2], so that pairs of dimensions and pairs of tokens stand together; then scales, 16 of keys and 16 of values.
struct Int16Chunk {
    const AttentionTask& task;
    uint32_t first_tile;  // of the sequence

    const int32_t* keys(uint32_t tile) const {
        return reinterpret_cast<const int32_t*>(task.blocks + size_t(task.block_table[first_tile + tile]) * task.block_bytes);
    }
    const int32_t* values(uint32_t tile) const { return keys(tile) + task.head_dim / 2 * kBlockTokens; }
    const float* key_scales(uint32_t tile) const { return reinterpret_cast<const float*>(values(tile) + task.head_dim / 2 * kBlockTokens); }
    const float* value_scales(uint32_t tile) const { return key_scales(tile) + kBlockTokens; }
};

inline Int broadcast_pair(const int16_t* p) {
    int32_t pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return broadcast_int(pair);
}

// n floats as whole numbers of at most `most`. Returns their scale. What is too small for a finite inverse becomes zeros.
inline float to_int16(const float* x, uint32_t n, float most, int16_t* out) {
    Float magnitude = broadcast(0);
    for (uint32_t i = 0; i < n; i += kLanes) magnitude = max(magnitude, abs(load(x + i)));
    const float largest = reduce_max(magnitude);
    const Float inverse = broadcast(largest > 1e-34f ? most / largest : 0.0f);
    for (uint32_t i = 0; i < n; i += kLanes) store_int16(out + i, to_int(mul(load(x + i), inverse)));
    return largest / most;
}

// In place: a query's head_dim floats become as many int16 and, behind them, their scale.
inline void int16_query(float* x, uint32_t head_dim) {
    alignas(64) int16_t row[kMaxHeadDim];
    const float scale = to_int16(x, head_dim, kMostQuery, row);
    __builtin_memcpy(x, row, head_dim * sizeof(int16_t));
    x[head_dim / 2] = scale;
}

// out[r][16 * tile + lane] for R rows and K tiles of 16 keys, short of the query's scale. Meanwhile those keys' values are
// fetched, and the keys of the tiles from `next` on: in memory tiles stand far apart, so the hardware foresees none.
template <int R, int K, bool kFetch = true>
inline void scores(const Int16Chunk& chunk, const float* const* query, uint32_t tile, uint32_t next, float (*out)[kAttentionChunk]) {
    constexpr int kNow = R < kAttentionRowsAtOnce ? R : kAttentionRowsAtOnce;
    const uint32_t head_dim = chunk.task.head_dim;
    const int32_t *keys[K], *coming[2 * K];
    const int16_t* pairs[kNow];
    for (int k = 0; k < K; ++k) {
        keys[k] = chunk.keys(tile + k);
        coming[2 * k] = chunk.values(tile + k);
        coming[2 * k + 1] = chunk.keys(next + k);
    }
    for (int r = 0; r < kNow; ++r) pairs[r] = reinterpret_cast<const int16_t*>(query[r]);
    for (uint32_t begin = 0; begin < head_dim; begin += kDimsSummed) {
        const uint32_t end = begin + kDimsSummed < head_dim ? begin + kDimsSummed : head_dim;
        Int sum[kNow][K];
        for (int r = 0; r < kNow; ++r)
            for (int k = 0; k < K; ++k) sum[r][k] = broadcast_int(0);
#pragma GCC unroll 4
        for (uint32_t d = begin; d < end; d += 2) {
            Int key[K];
            for (int k = 0; k < K; ++k) key[k] = load_int(keys[k] + d / 2 * kBlockTokens);
            for (int k = 0; kFetch && k < 2 * K; ++k) prefetch(coming[k] + d / 2 * kBlockTokens);
            for (int r = 0; r < kNow; ++r) {
                const Int q = broadcast_pair(pairs[r] + d);
                for (int k = 0; k < K; ++k) sum[r][k] = dot_pairs(sum[r][k], key[k], q);
            }
        }
        for (int k = 0; k < K; ++k) {
            const Float scale = load(chunk.key_scales(tile + k));
            for (int r = 0; r < kNow; ++r) {
                float* at = out[r] + (tile + k) * kBlockTokens;
                const Float part = to_float(sum[r][k]);
                store(at, begin == 0 ? mul(part, scale) : fma(part, scale, load(at)));
            }
        }
    }
    if constexpr (R > kNow) scores<R - kNow, K, false>(chunk, query + kNow, tile, next, out + kNow);
}

// 2^x for x in [-126, 127], relative error below 3e-6: the polynomial whose largest relative error is least on [-1/2, 1/2].
inline Float exp2(Float x) {
    const Int n = to_int(x);
    const Float r = sub(x, to_float(n));
    Float p = broadcast(0.009570102f);
    p = fma(p, r, broadcast(0.055917863f));
    p = fma(p, r, broadcast(0.24024744f));
    p = fma(p, r, broadcast(0.6931218f));
    p = fma(p, r, broadcast(0.9999993f));
    return scale_by_power(p, n);
}

// The softmax of R rows whose scores are `scale` times what `score` holds. weight[r][key] * step[r] is a weight times its
// value's scale, zero where a row sees no key: the first sees keys[0], the last most. Maxima and sums go to the states.
template <int R>
inline void softmax(const Int16Chunk& chunk, float (*score)[kAttentionChunk], const float* scale, const uint32_t* keys,
                    uint32_t tiles, int16_t (*weight)[kAttentionChunk], float* step, float* states, size_t stride) {
    constexpr float kLog2E = 1.44269504f;
    const uint32_t whole = keys[0] / kLanes, end = tiles * kLanes;
    const Float zero = broadcast(0), lowest = broadcast(-126);
    Float top[R], sum[R], largest[R];
    maxima<R>(score, keys, tiles, top);
    for (int r = 0; r < R; ++r) {
        const float highest = reduce_max(top[r]);
        states[r * stride] = keys[r] ? highest * scale[r] : kMinusInfinity;
        top[r] = broadcast(highest * (scale[r] * kLog2E));
        sum[r] = largest[r] = zero;
    }
    for (uint32_t tile = 0; tile < tiles; ++tile) {
        const Float value_scale = load(chunk.value_scales(tile));
        for (int r = 0; r < R; ++r) {
            float* at = score[r] + tile * kLanes;
            const Float x = sub(mul(load(at), broadcast(scale[r] * kLog2E)), top[r]);  // at most 0, however large both are
            Float p, weighted;
            if (tile < whole) {
                p = exp2(max(x, lowest));
                weighted = mul(p, value_scale);
            } else {  // beyond its keys another sequence's numbers may be anything
                const Mask seen = keys_below(keys[r], tile * kLanes);
                p = select(seen, exp2(max(select(seen, x, zero), lowest)), zero);
                weighted = select(seen, mul(p, value_scale), zero);
            }
            sum[r] = add(sum[r], p);
            largest[r] = max(largest[r], weighted);
            store(at, weighted);
        }
    }
    for (int r = 0; r < R; ++r) {
        states[r * stride + 1] = reduce_add(sum[r]);
        const float most = reduce_max(largest[r]);
        top[r] = broadcast(most > 1e-34f ? kMostWeight / most : 0.0f);
        step[r] = most / kMostWeight;
    }
    for (uint32_t i = 0; i < end; i += kLanes)
        for (int r = 0; r < R; ++r) store_int16(weight[r] + i, to_int(mul(load(score[r] + i), top[r])));
}

// out[r][V vectors] = the sum over `tiles` tiles of weight[r][key] * value[key].
template <int R, int V>
inline void weigh_values(const Int16Chunk& chunk, const int16_t (*weight)[kAttentionChunk], const float* step, uint32_t tiles,
                         uint32_t dim, float* out, size_t out_stride) {
    Int sum[R][V];
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) sum[r][v] = broadcast_int(0);
    for (uint32_t tile = 0; tile < tiles; ++tile) {
        const int32_t* at = chunk.values(tile) + dim;
#pragma GCC unroll 4
        for (uint32_t key = tile * kBlockTokens; key < (tile + 1) * kBlockTokens; key += 2, at += chunk.task.head_dim) {
            Int value[V];
            for (int v = 0; v < V; ++v) value[v] = load_int(at + v * kLanes);
            for (int r = 0; r < R; ++r) {
                const Int pair = broadcast_pair(weight[r] + key);
                for (int v = 0; v < V; ++v) sum[r][v] = dot_pairs(sum[r][v], value[v], pair);
            }
        }
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) store(out + r * out_stride + dim + v * kLanes, mul(to_float(sum[r][v]), broadcast(step[r])));
}

// The same of any number of rows, as many at once as registers hold, so that values are read once for all of them.
template <int R, int V>
inline void weigh_for_all(const Int16Chunk& chunk, const int16_t (*weight)[kAttentionChunk], const float* step, uint32_t tiles,
                          uint32_t dim, float* out, size_t out_stride) {
    constexpr int kNow = R < kAttentionRowsAtOnce ? R : kAttentionRowsAtOnce;
    weigh_values<kNow, V>(chunk, weight, step, tiles, dim, out, out_stride);
    if constexpr (R > kNow)
        weigh_for_all<R - kNow, V>(chunk, weight + kNow, step + kNow, tiles, dim, out + kNow * out_stride, out_stride);
}

template <int R>
inline void weigh_all_dims(const Int16Chunk& chunk, const int16_t (*weight)[kAttentionChunk], const float* step, uint32_t tiles,
                           float* out, size_t out_stride) {
    constexpr uint32_t kDims = kAttentionVectors * kLanes;
    uint32_t dim = 0;
    for (; dim + kDims <= chunk.task.head_dim; dim += kDims)
        weigh_for_all<R, kAttentionVectors>(chunk, weight, step, tiles, dim, out, out_stride);
    for (; dim < chunk.task.head_dim; dim += kLanes) weigh_for_all<R, 1>(chunk, weight, step, tiles, dim, out, out_stride);
}

// The states of R rows from `row` on; `index` is the chunk's number.
template <int R>
inline void attend_rows(const AttentionTask& task, const Int16Chunk& chunk, uint32_t index, uint32_t row, float* states) {
    const size_t stride = attention_state_floats(task.head_dim);
    const Rows<R> rows(task, index, row);
    const auto& [query, keys, tiles] = rows;
    alignas(64) float score[R][kAttentionChunk];
    alignas(64) int16_t weight[R][kAttentionChunk];
    float step[R], scale[R];
    for (int r = 0; r < R; ++r) scale[r] = query[r][task.head_dim / 2] * task.scale;

    constexpr uint32_t kNow = kAttentionVectors;
    uint32_t tile = 0;
    for (; tile + kNow <= tiles; tile += kNow)
        scores<R, kNow>(chunk, query, tile, tile + 2 * kNow <= tiles ? tile + kNow : tile, score);
    for (; tile < tiles; ++tile) scores<R, 1>(chunk, query, tile, tile, score);
    softmax<R>(chunk, score, scale, keys, tiles, weight, step, states, stride);
    weigh_all_dims<R>(chunk, weight, step, tiles, states + kLanes, stride);
}

inline void store_kv_int16(const float* key, const float* value, uint32_t head_dim, uint32_t slot, uint8_t* block) {
    auto* keys = reinterpret_cast<int16_t*>(block);
    auto* values = keys + head_dim * kBlockTokens;
    auto* scales = reinterpret_cast<float*>(values + head_dim * kBlockTokens);
    alignas(64) int16_t row[kMaxHeadDim];
    scales[slot] = to_int16(key, head_dim, kMostKey, row);
    for (uint32_t d = 0; d < head_dim; ++d) keys[(d / 2 * kBlockTokens + slot) * 2 + d % 2] = row[d];
    scales[kBlockTokens + slot] = to_int16(value, head_dim, kMostValue, row);
    for (uint32_t d = 0; d < head_dim; ++d) values[(slot / 2 * head_dim + d) * 2 + slot % 2] = row[d];
}

}  // namespace qingmo::QINGMO_ISA
