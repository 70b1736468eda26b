// One tile of int6 or int4 weights by the layout of Matrix in dispatch.h: a float16 scale for each group of inputs and column,
// then the groups. Inputs are a multiple of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

inline size_t scales_size(size_t inputs, size_t group) { return inputs / group * 32; }
inline size_t int6_tile_size(size_t inputs) { return scales_size(inputs, 64) + inputs / 64 * 768; }
inline size_t int4_tile_size(size_t inputs) { return scales_size(inputs, 32) + inputs / 32 * 256; }

// The bits of a float16.
inline uint16_t tile_scale(const uint8_t* tile, size_t group, size_t column) {
    uint16_t half;
    std::memcpy(&half, tile + (group * 16 + column) * 2, 2);
    return half;
}
inline void put_tile_scale(uint8_t* tile, size_t group, size_t column, uint16_t half) {
    std::memcpy(tile + (group * 16 + column) * 2, &half, 2);
}

// From -32 to 31. Inputs 0 to 31 of a group are in the low halves of its first bytes, the others in the high ones; the upper
// bits of 16 inputs are in the first pairs of the bytes behind, those of the next 16 in the second.
inline int int6_weight(const uint8_t* tile, size_t inputs, size_t input, size_t column) {
    const size_t in = input % 64;
    const uint8_t* group = tile + scales_size(inputs, 64) + input / 64 * 768;
    const uint8_t halves = group[in % 32 / 4 * 64 + column * 4 + in % 4], pairs = group[512 + in % 16 / 4 * 64 + column * 4 + in % 4];
    return (in < 32 ? halves & 15 : halves >> 4) + 16 * (pairs >> in / 16 * 2 & 3) - 32;
}

// From -8 to 7. The first 16 inputs of a group are in the low halves of its bytes, the others in the high ones.
inline int int4_weight(const uint8_t* tile, size_t inputs, size_t input, size_t column) {
    const size_t in = input % 16;
    const uint8_t both = tile[scales_size(inputs, 32) + input / 32 * 256 + in / 4 * 64 + column * 4 + in % 4];
    return (input % 32 < 16 ? both & 15 : both >> 4) - 8;
}
