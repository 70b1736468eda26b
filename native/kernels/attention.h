// Attention of a few query rows over cached keys and values, 256 keys at a time.
//
// Scores hold one key a lane and are summed over the head's dimension in order; values are summed over keys in order.
// A chunk's softmax is closed by itself and merged with those before it, so the result does not depend on who computes
// which chunk, nor on what other rows are computed beside it.
#pragma once

#include "math.h"

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

constexpr float kMinusInfinity = -__builtin_inff();

struct AttentionRows {
    const float* query[kAttentionRows];
    uint32_t keys[kAttentionRows];  // how many keys of the chunk the row sees, ascending
    int count;
};

inline AttentionRows attention_rows(const AttentionTask& task, uint32_t chunk) {
    AttentionRows rows;
    rows.count = int(task.row_end - task.row_begin);
    const uint32_t begin = chunk * kAttentionChunk;
    for (int r = 0; r < rows.count; ++r) {
        const uint32_t row = task.row_begin + r, token = row / task.heads_per_kv;
        const uint32_t head = task.kv_head * task.heads_per_kv + row % task.heads_per_kv;
        rows.query[r] = task.queries + token * task.query_stride + head * task.head_dim;
        const uint32_t visible = task.first_position + token + 1;
        const uint32_t seen = visible > begin ? visible - begin : 0;
        rows.keys[r] = seen < kAttentionChunk ? seen : kAttentionChunk;
    }
    return rows;
}

template <class Cache>
inline const typename Cache::Element* key_tile(const AttentionTask& task, uint32_t chunk, uint32_t tile) {
    const int32_t block = task.block_table[chunk * (kAttentionChunk / kBlockTokens) + tile];
    return reinterpret_cast<const typename Cache::Element*>(task.blocks + size_t(block) * task.block_bytes);
}

// out[r][16 * tile + lane] for R rows and K tiles of 16 keys; as many rows at once as registers hold, so that a key is read
// once for all of them.
template <int R, int K, class Cache>
inline void scores(const AttentionTask& task, const float* const* query, uint32_t chunk, uint32_t tile, float (*out)[kAttentionChunk]) {
    constexpr int kNow = R < kAttentionRowsAtOnce ? R : kAttentionRowsAtOnce;
    const typename Cache::Element* keys[K];
    for (int k = 0; k < K; ++k) keys[k] = key_tile<Cache>(task, chunk, tile + k);
    Float sum[kNow][K];
    for (int r = 0; r < kNow; ++r)
        for (int k = 0; k < K; ++k) sum[r][k] = broadcast(0);
    for (uint32_t d = 0; d < task.head_dim; ++d) {
        Float key[K];
        for (int k = 0; k < K; ++k) key[k] = Cache::read(keys[k] + d * kBlockTokens);
        for (int r = 0; r < kNow; ++r) {
            Float q = broadcast(query[r][d]);
            for (int k = 0; k < K; ++k) sum[r][k] = fma(q, key[k], sum[r][k]);
        }
    }
    for (int r = 0; r < kNow; ++r)
        for (int k = 0; k < K; ++k) store(out[r] + (tile + k) * kBlockTokens, mul(sum[r][k], broadcast(task.scale)));
    if constexpr (R > kNow) scores<R - kNow, K, Cache>(task, query + kNow, chunk, tile, out + kNow);
}

// Turns a row's scores into exp(score - max), zero where there is no key; its max and sum go to the state.
inline void softmax(float* score, uint32_t keys, uint32_t tiles, float* state) {
    Float top = broadcast(kMinusInfinity);
    for (uint32_t t = 0; t < tiles; ++t) {
        const Mask seen = first_lanes(keys > t * kLanes ? keys - t * kLanes : 0);
        Float x = select(seen, load(score + t * kLanes), broadcast(kMinusInfinity));
        top = max(top, x);
    }
    const float max_score = reduce_max(top);
    Float sum = broadcast(0);
    for (uint32_t t = 0; t < tiles; ++t) {
        const Mask seen = first_lanes(keys > t * kLanes ? keys - t * kLanes : 0);
        Float p = select(seen, exp(sub(load(score + t * kLanes), broadcast(max_score))), broadcast(0));
        store(score + t * kLanes, p);
        sum = add(sum, p);
    }
    state[0] = max_score;
    state[1] = reduce_add(sum);
}

// out[r][V vectors] += p[r][key] * value[key] for keys [begin, end), in order.
template <int R, int V, class Cache>
inline void weigh_values(const AttentionTask& task, uint32_t chunk, float (*p)[kAttentionChunk], uint32_t begin,
                         uint32_t end, uint32_t dim, float* out, size_t out_stride) {
    Float sum[R][V];
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) sum[r][v] = load(out + r * out_stride + dim + v * kLanes);
    for (uint32_t key = begin; key < end;) {
        const uint32_t tile = key / kBlockTokens;
        const auto* values = key_tile<Cache>(task, chunk, tile) + task.head_dim * kBlockTokens + dim;
        const uint32_t tile_end = (tile + 1) * kBlockTokens < end ? (tile + 1) * kBlockTokens : end;
        for (; key < tile_end; ++key) {
            const auto* at = values + (key % kBlockTokens) * task.head_dim;
            for (int v = 0; v < V; ++v) {
                Float value = Cache::read(at + v * kLanes);
                for (int r = 0; r < R; ++r) sum[r][v] = fma(broadcast(p[r][key]), value, sum[r][v]);
            }
        }
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) store(out + r * out_stride + dim + v * kLanes, sum[r][v]);
}

// All dimensions of R rows, as many rows and dimensions at once as registers hold.
template <int R, class Cache>
inline void weigh_all_dims(const AttentionTask& task, uint32_t chunk, float (*p)[kAttentionChunk], uint32_t begin,
                           uint32_t end, float* out, size_t out_stride) {
    constexpr int kNow = R < kAttentionRowsAtOnce ? R : kAttentionRowsAtOnce;
    constexpr uint32_t kDims = kAttentionVectors * kLanes;
    uint32_t dim = 0;
    for (; dim + kDims <= task.head_dim; dim += kDims)
        weigh_values<kNow, kAttentionVectors, Cache>(task, chunk, p, begin, end, dim, out, out_stride);
    for (; dim < task.head_dim; dim += kLanes) weigh_values<kNow, 1, Cache>(task, chunk, p, begin, end, dim, out, out_stride);
    if constexpr (R > kNow)
        weigh_all_dims<R - kNow, Cache>(task, chunk, p + kNow, begin, end, out + kNow * out_stride, out_stride);
}

template <int R, class Cache>
inline void attend_rows(const AttentionTask& task, uint32_t chunk, float* states) {
    const size_t stride = attention_state_floats(task.head_dim);
    const AttentionRows rows = attention_rows(task, chunk);
    const uint32_t tiles = (rows.keys[R - 1] + kBlockTokens - 1) / kBlockTokens;
    alignas(64) float p[R][kAttentionChunk];

    uint32_t tile = 0;
    for (; tile + kAttentionVectors <= tiles; tile += kAttentionVectors)
        scores<R, kAttentionVectors, Cache>(task, rows.query, chunk, tile, p);
    for (; tile < tiles; ++tile) scores<R, 1, Cache>(task, rows.query, chunk, tile, p);
    for (int r = 0; r < R; ++r) {
        softmax(p[r], rows.keys[r], tiles, states + r * stride);
        for (uint32_t d = 0; d < task.head_dim; d += kLanes) store(states + r * stride + kLanes + d, broadcast(0));
    }
    // A row must not touch keys it does not see, they may be another sequence's: all share what the first row sees, the
    // rest each does alone.
    const uint32_t common = rows.keys[0];
    weigh_all_dims<R, Cache>(task, chunk, p, 0, common, states + kLanes, stride);
    for (int r = 1; r < R; ++r)
        if (rows.keys[r] > common)
            weigh_all_dims<1, Cache>(task, chunk, p + r, common, rows.keys[r], states + r * stride + kLanes, stride);
}

template <class Cache>
inline void attention_chunk_of(const AttentionTask& task, uint32_t chunk, float* states) {
    switch (task.row_end - task.row_begin) {
        case 1: return attend_rows<1, Cache>(task, chunk, states);
        case 2: return attend_rows<2, Cache>(task, chunk, states);
        case 3: return attend_rows<3, Cache>(task, chunk, states);
        case 4: return attend_rows<4, Cache>(task, chunk, states);
        case 5: return attend_rows<5, Cache>(task, chunk, states);
        case 6: return attend_rows<6, Cache>(task, chunk, states);
        case 7: return attend_rows<7, Cache>(task, chunk, states);
        default: return attend_rows<8, Cache>(task, chunk, states);
    }
}

inline void attention_chunk(const AttentionTask& task, uint32_t chunk, float* states) {
    if (task.type == ElementType::float32) attention_chunk_of<FloatCache>(task, chunk, states);
    else attention_chunk_of<HalfCache>(task, chunk, states);
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

inline void rope(float* x, const float* cos, const float* sin, uint32_t half) {
    for (uint32_t i = 0; i < half; ++i) {
        const float a = x[i], b = x[i + half];
        x[i] = a * cos[i] - b * sin[i];
        x[i + half] = b * cos[i] + a * sin[i];
    }
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

inline void store_kv(const float* key, const float* value, uint32_t head_dim, uint32_t slot, ElementType type, uint8_t* block) {
    if (type == ElementType::float32) store_kv_as<FloatCache>(key, value, head_dim, slot, block);
    else store_kv_as<HalfCache>(key, value, head_dim, slot, block);
}

}  // namespace qingmo::QINGMO_ISA
