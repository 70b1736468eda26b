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

// scores[r][16 * tile + lane] for one tile of 16 keys; R rows at once, so that a key is read once for all.
template <int R, class Cache>
inline void scores(const AttentionTask& task, const AttentionRows& rows, int first, uint32_t tile,
                   const typename Cache::Element* keys, float (*out)[kAttentionChunk]) {
    Float sum[R];
    for (int r = 0; r < R; ++r) sum[r] = broadcast(0);
    for (uint32_t d = 0; d < task.head_dim; ++d) {
        Float key = Cache::read(keys + d * kBlockTokens);
        for (int r = 0; r < R; ++r) sum[r] = fma(broadcast(rows.query[first + r][d]), key, sum[r]);
    }
    for (int r = 0; r < R; ++r) store(out[first + r] + tile * kBlockTokens, mul(sum[r], broadcast(task.scale)));
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

template <int R, class Cache>
inline void weigh_all_dims(const AttentionTask& task, uint32_t chunk, float (*p)[kAttentionChunk], uint32_t begin,
                           uint32_t end, float* out, size_t out_stride) {
    uint32_t dim = 0;
    for (; dim + 4 * kLanes <= task.head_dim; dim += 4 * kLanes)
        weigh_values<R, 4, Cache>(task, chunk, p, begin, end, dim, out, out_stride);
    for (; dim < task.head_dim; dim += kLanes)
        weigh_values<R, 1, Cache>(task, chunk, p, begin, end, dim, out, out_stride);
}

template <class Cache>
inline void attention_chunk_of(const AttentionTask& task, uint32_t chunk, float* states) {
    const size_t stride = attention_state_floats(task.head_dim);
    const AttentionRows rows = attention_rows(task, chunk);
    const uint32_t tiles = (rows.keys[rows.count - 1] + kBlockTokens - 1) / kBlockTokens;
    alignas(64) float p[kAttentionRows][kAttentionChunk];

    for (uint32_t tile = 0; tile < tiles; ++tile) {
        const auto* keys = key_tile<Cache>(task, chunk, tile);
        if (rows.count == 8) { scores<8, Cache>(task, rows, 0, tile, keys, p); continue; }
        if (rows.count == 7) { scores<7, Cache>(task, rows, 0, tile, keys, p); continue; }
        int r = 0;
        for (; r + 2 <= rows.count; r += 2) scores<2, Cache>(task, rows, r, tile, keys, p);
        for (; r < rows.count; ++r) scores<1, Cache>(task, rows, r, tile, keys, p);
    }
    for (int r = 0; r < rows.count; ++r) {
        softmax(p[r], rows.keys[r], tiles, states + r * stride);
        for (uint32_t d = 0; d < task.head_dim; d += kLanes) store(states + r * stride + kLanes + d, broadcast(0));
    }
    // A row must not touch keys it does not see (they may be another sequence's): four rows share the keys that all of
    // them see, the rest each row does alone.
    int r = 0;
    for (; r + 4 <= rows.count; r += 4) {
        float* out = states + r * stride + kLanes;
        const uint32_t common = rows.keys[r];
        weigh_all_dims<4, Cache>(task, chunk, p + r, 0, common, out, stride);
        for (int i = 1; i < 4; ++i)
            if (rows.keys[r + i] > common)
                weigh_all_dims<1, Cache>(task, chunk, p + r + i, common, rows.keys[r + i], out + i * stride, stride);
    }
    for (; r < rows.count; ++r)
        weigh_all_dims<1, Cache>(task, chunk, p + r, 0, rows.keys[r], states + r * stride + kLanes, stride);
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
