// What all attention does alike: its rows and the keys they see.
#pragma once

#include "math.h"

namespace qingmo::QINGMO_ISA {

constexpr float kMinusInfinity = -__builtin_inff();
constexpr uint32_t kMostRows = 8;  // rows computed together: their scores of a chunk fill 8 KiB of L1

// How many keys of a chunk a row sees. Rows of one token see the same.
inline uint32_t keys_seen(const AttentionTask& task, uint32_t row, uint32_t chunk) {
    const uint32_t visible = task.first_position + row / task.heads_per_kv + 1, begin = chunk * kAttentionChunk;
    const uint32_t seen = visible > begin ? visible - begin : 0;
    return seen < kAttentionChunk ? seen : kAttentionChunk;
}

inline uint32_t tiles_of(uint32_t keys) { return (keys + kBlockTokens - 1) / kBlockTokens; }

inline const float* query_of(const AttentionTask& task, uint32_t row) {
    const uint32_t token = row / task.heads_per_kv, head = task.kv_head * task.heads_per_kv + row % task.heads_per_kv;
    return task.queries + token * task.query_stride + head * task.head_dim;
}

// R rows from `row` on, and the keys of a chunk that each sees: the first the fewest, the last the most.
template <int R>
struct Rows {
    const float* query[R];
    uint32_t keys[R], tiles;

    Rows(const AttentionTask& task, uint32_t chunk, uint32_t row) {
        for (int r = 0; r < R; ++r) {
            query[r] = query_of(task, row + r);
            keys[r] = keys_seen(task, row + r, chunk);
        }
        tiles = tiles_of(keys[R - 1]);
    }
};

// Lanes of the 16 keys from `begin` on that lie below `end`.
inline Mask keys_below(uint32_t end, uint32_t begin) { return first_lanes(end > begin ? end - begin : 0); }

// A lane of each row's largest score of `tiles` tiles is in top[r]: the first row sees keys[0], the last most.
// Rows take turns, here and below, so that one's arithmetic hides another's latency.
template <int R>
inline void maxima(const float (*score)[kAttentionChunk], const uint32_t* keys, uint32_t tiles, Float* top) {
    const uint32_t whole = keys[0] / kLanes * kLanes, end = tiles * kLanes;
    const Float lowest = broadcast(kMinusInfinity);
    for (int r = 0; r < R; ++r) top[r] = lowest;
    for (uint32_t i = 0; i < whole; i += kLanes)
        for (int r = 0; r < R; ++r) top[r] = max(top[r], load(score[r] + i));
    for (uint32_t i = whole; i < end; i += kLanes)
        for (int r = 0; r < R; ++r) top[r] = max(top[r], select(keys_below(keys[r], i), load(score[r] + i), lowest));
}

}  // namespace qingmo::QINGMO_ISA
