// One tile of int8 weights by the layout of Matrix in dispatch.h: for each weight group a head of 16 floats, then bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

inline size_t int8_group_bytes(size_t weight_group) { return 64 + weight_group * 16; }

inline float int8_head(const uint8_t* tile, size_t weight_group, size_t group, size_t column) {
    float head;
    std::memcpy(&head, tile + group * int8_group_bytes(weight_group) + column * 4, 4);
    return head;
}

inline int int8_weight(const uint8_t* tile, size_t weight_group, size_t input, size_t column) {
    const size_t in = input % weight_group;
    return int(tile[input / weight_group * int8_group_bytes(weight_group) + 64 + in / 4 * 64 + column * 4 + in % 4]) - 128;
}

// The heads of a column from its scales: the last scale first, then each scale's predecessor over itself.
inline void put_int8_heads(uint8_t* tile, size_t weight_group, size_t column, const float* scales, size_t groups) {
    for (size_t group = 0; group < groups; ++group) {
        const float head = group ? scales[group - 1] / scales[group] : scales[groups - 1];
        std::memcpy(tile + group * int8_group_bytes(weight_group) + column * 4, &head, 4);
    }
}
