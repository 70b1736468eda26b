// One tile of int6 weights by the layout of Matrix in dispatch.h: a float16 scale for each 64 inputs and column, then for each
// 64 inputs 512 bytes of lower halves and 256 of upper pairs. Inputs are a multiple of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

inline size_t int6_scales_size(size_t inputs) { return inputs / 64 * 32; }
inline size_t int6_tile_size(size_t inputs) { return int6_scales_size(inputs) + inputs / 64 * 768; }

// The bits of a float16.
inline uint16_t int6_scale(const uint8_t* tile, size_t group, size_t column) {
    uint16_t half;
    std::memcpy(&half, tile + (group * 16 + column) * 2, 2);
    return half;
}
inline void put_int6_scale(uint8_t* tile, size_t group, size_t column, uint16_t half) {
    std::memcpy(tile + (group * 16 + column) * 2, &half, 2);
}

// From -32 to 31. Inputs 0 to 31 of a group are in the low halves of its first bytes, the others in the high ones; the upper
// bits of 16 inputs are in the first pairs of the bytes behind, those of the next 16 in the second.
inline int int6_weight(const uint8_t* tile, size_t inputs, size_t input, size_t column) {
    const size_t in = input % 64;
    const uint8_t* group = tile + int6_scales_size(inputs) + input / 64 * 768;
    const uint8_t halves = group[in % 32 / 4 * 64 + column * 4 + in % 4], pairs = group[512 + in % 16 / 4 * 64 + column * 4 + in % 4];
    return (in < 32 ? halves & 15 : halves >> 4) + 16 * (pairs >> in / 16 * 2 & 3) - 32;
}
