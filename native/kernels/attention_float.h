// Attention over keys and values that are floats of 16 or 32 bits.
#pragma once

#include "attention_rows.h"

namespace qingmo::QINGMO_ISA {

struct HalfCache {
    using Element = uint16_t;
    static Float read(const uint16_t* p) { return load_half(p); }
    static void write(uint16_t* p, Float x) { store_half(p, x); }
};
struct FloatCache {
    using Element = float;
    static Float read(const float* p) { return load(p); }
    static void write(float* p, Float x) { store(p, x); }
};

// Reading a float16 costs as much as one or two multiply-adds. From so many rows on a chunk is made floats once for all of
// them: 2,000 vectors to convert beside 4,000 to read for each 8 rows.
constexpr uint32_t kRowsWorthWidening = 32;

// A chunk's keys and values where the KV cache has them, in tiles of 16 tokens: keys [head_dim][16], values [16][head_dim].
template <class Cache>
struct CachedChunk {
    using Element = typename Cache::Element;
    const AttentionTask& task;
    uint32_t first_tile;  // of the sequence

    const Element* keys(uint32_t tile) const {
        return reinterpret_cast<const Element*>(task.blocks + size_t(task.block_table[first_tile + tile]) * task.block_bytes);
    }
    const Element* values(uint32_t tile) const { return keys(tile) + task.head_dim * kBlockTokens; }
    static Float read(const Element* p) { return Cache::read(p); }
};

// A copy of some of its tiles as floats.
struct WideChunk {
    const float* tiles;
    uint32_t head_dim;

    const float* keys(uint32_t tile) const { return tiles + size_t(tile) * 2 * head_dim * kBlockTokens; }
    const float* values(uint32_t tile) const { return keys(tile) + head_dim * kBlockTokens; }
    static Float read(const float* p) { return load(p); }
};

inline WideChunk widened(const CachedChunk<HalfCache>& from, uint32_t tiles, float* to) {
    const uint32_t head_dim = from.task.head_dim, elements = 2 * head_dim * kBlockTokens;
    for (uint32_t tile = 0; tile < tiles; ++tile)
        for (uint32_t i = 0; i < elements; i += kLanes) store(to + size_t(tile) * elements + i, load_half(from.keys(tile) + i));
    return {to, head_dim};
}

// out[r][16 * tile + lane] for R rows and K tiles of 16 keys; as many rows at once as registers hold, so that a key is read
// once for all of them.
template <int R, int K, class Chunk>
inline void scores(const AttentionTask& task, const Chunk& chunk, const float* const* query, uint32_t tile, float (*out)[kAttentionChunk]) {
    constexpr int kNow = R < kAttentionRowsAtOnce ? R : kAttentionRowsAtOnce;
    decltype(chunk.keys(0)) keys[K];
    for (int k = 0; k < K; ++k) keys[k] = chunk.keys(tile + k);
    Float sum[kNow][K];
    for (int r = 0; r < kNow; ++r)
        for (int k = 0; k < K; ++k) sum[r][k] = broadcast(0);
#pragma GCC unroll 4
    for (uint32_t d = 0; d < task.head_dim; ++d) {
        Float key[K];
        for (int k = 0; k < K; ++k) key[k] = chunk.read(keys[k] + d * kBlockTokens);
        for (int r = 0; r < kNow; ++r) {
            Float q = broadcast(query[r][d]);
            for (int k = 0; k < K; ++k) sum[r][k] = fma(q, key[k], sum[r][k]);
        }
    }
    for (int r = 0; r < kNow; ++r)
        for (int k = 0; k < K; ++k) store(out[r] + (tile + k) * kBlockTokens, mul(sum[r][k], broadcast(task.scale)));
    if constexpr (R > kNow) scores<R - kNow, K>(task, chunk, query + kNow, tile, out + kNow);
}

// Turns R rows' scores into exp(score - max), zero where a row sees no key. Maxima and sums go to the states.
template <int R>
inline void softmax(float (*score)[kAttentionChunk], const uint32_t* keys, uint32_t tiles, float* states, size_t stride) {
    const uint32_t whole = keys[0] / kLanes * kLanes, end = tiles * kLanes;
    Float top[R], sum[R];
    maxima<R>(score, keys, tiles, top);
    for (int r = 0; r < R; ++r) {
        states[r * stride] = reduce_max(top[r]);
        sum[r] = broadcast(0);
    }
    for (uint32_t i = 0; i < whole; i += kLanes)
        for (int r = 0; r < R; ++r) {
            const Float p = exp(sub(load(score[r] + i), broadcast(states[r * stride])));
            store(score[r] + i, p);
            sum[r] = add(sum[r], p);
        }
    for (uint32_t i = whole; i < end; i += kLanes)
        for (int r = 0; r < R; ++r) {
            const Float e = exp(sub(load(score[r] + i), broadcast(states[r * stride])));
            const Float p = select(keys_below(keys[r], i), e, broadcast(0));
            store(score[r] + i, p);
            sum[r] = add(sum[r], p);
        }
    for (int r = 0; r < R; ++r) states[r * stride + 1] = reduce_add(sum[r]);
}

// out[r][V vectors] += p[r][key] * value[key] for keys [begin, end), in order.
template <int R, int V, class Chunk>
inline void weigh_values(const AttentionTask& task, const Chunk& chunk, float (*p)[kAttentionChunk], uint32_t begin,
                         uint32_t end, uint32_t dim, float* out, size_t out_stride) {
    Float sum[R][V];
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) sum[r][v] = load(out + r * out_stride + dim + v * kLanes);
    for (uint32_t key = begin; key < end;) {
        const uint32_t tile = key / kBlockTokens;
        const auto* values = chunk.values(tile) + dim;
        const uint32_t tile_end = (tile + 1) * kBlockTokens < end ? (tile + 1) * kBlockTokens : end;
        const auto* at = values + (key % kBlockTokens) * task.head_dim;
#pragma GCC unroll 4
        for (; key < tile_end; ++key, at += task.head_dim) {
            for (int v = 0; v < V; ++v) {
                Float value = chunk.read(at + v * kLanes);
                for (int r = 0; r < R; ++r) sum[r][v] = fma(broadcast(p[r][key]), value, sum[r][v]);
            }
        }
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) store(out + r * out_stride + dim + v * kLanes, sum[r][v]);
}

// All dimensions of R rows, as many rows and dimensions at once as registers hold.
template <int R, class Chunk>
inline void weigh_all_dims(const AttentionTask& task, const Chunk& chunk, float (*p)[kAttentionChunk], uint32_t begin,
                           uint32_t end, float* out, size_t out_stride) {
    constexpr int kNow = R < kAttentionRowsAtOnce ? R : kAttentionRowsAtOnce;
    constexpr uint32_t kDims = kAttentionVectors * kLanes;
    uint32_t dim = 0;
    for (; dim + kDims <= task.head_dim; dim += kDims)
        weigh_values<kNow, kAttentionVectors>(task, chunk, p, begin, end, dim, out, out_stride);
    for (; dim < task.head_dim; dim += kLanes) weigh_values<kNow, 1>(task, chunk, p, begin, end, dim, out, out_stride);
    if constexpr (R > kNow)
        weigh_all_dims<R - kNow>(task, chunk, p + kNow, begin, end, out + kNow * out_stride, out_stride);
}

// The states of R rows from `row` on; `index` is the chunk's number.
template <int R, class Chunk>
inline void attend_rows(const AttentionTask& task, const Chunk& chunk, uint32_t index, uint32_t row, float* states) {
    const size_t stride = attention_state_floats(task.head_dim);
    const Rows<R> rows(task, index, row);
    const auto& [query, keys, tiles] = rows;
    for (int r = 0; r < R; ++r)
        for (uint32_t d = 0; d < task.head_dim; d += kLanes) store(states + r * stride + kLanes + d, broadcast(0));
    alignas(64) float p[R][kAttentionChunk];

    uint32_t tile = 0;
    for (; tile + kAttentionVectors <= tiles; tile += kAttentionVectors)
        scores<R, kAttentionVectors>(task, chunk, query, tile, p);
    for (; tile < tiles; ++tile) scores<R, 1>(task, chunk, query, tile, p);
    softmax<R>(p, keys, tiles, states, stride);
    // A row must not touch keys it does not see, they may be another sequence's: all share what the first row sees, the
    // rest each does alone.
    weigh_all_dims<R>(task, chunk, p, 0, keys[0], states + kLanes, stride);
    for (int r = 1; r < R; ++r)
        if (keys[r] > keys[0]) weigh_all_dims<1>(task, chunk, p + r, keys[0], keys[r], states + r * stride + kLanes, stride);
}

template <class Cache>
inline void store_kv_as(const float* key, const float* value, uint32_t head_dim, uint32_t slot, uint8_t* block) {
    auto* to = reinterpret_cast<typename Cache::Element*>(block);
    alignas(64) typename Cache::Element row[kLanes];
    for (uint32_t d = 0; d < head_dim; d += kLanes) {
        Cache::write(row, load(key + d));
        for (int i = 0; i < kLanes; ++i) to[(d + i) * kBlockTokens + slot] = row[i];
        Cache::write(to + head_dim * kBlockTokens + slot * head_dim + d, load(value + d));
    }
}

}  // namespace qingmo::QINGMO_ISA
