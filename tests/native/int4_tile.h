// One tile of int4 weights by the layout of Matrix in dispatch.h: a float16 scale for each 32 inputs and column, then for
// each 32 inputs 256 bytes of two weights each. Inputs are a multiple of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

inline size_t int4_scales_size(size_t inputs) { return inputs / 32 * 32; }
inline size_t int4_tile_size(size_t inputs) { return int4_scales_size(inputs) + inputs / 32 * 256; }

// The bits of a float16.
inline uint16_t int4_scale(const uint8_t* tile, size_t group, size_t column) {
    uint16_t half;
    std::memcpy(&half, tile + (group * 16 + column) * 2, 2);
    return half;
}
inline void put_int4_scale(uint8_t* tile, size_t group, size_t column, uint16_t half) {
    std::memcpy(tile + (group * 16 + column) * 2, &half, 2);
}

// From -8 to 7. The first 16 inputs of a group are in the low halves of its bytes, the others in the high ones.
inline int int4_weight(const uint8_t* tile, size_t inputs, size_t input, size_t column) {
    const size_t in = input % 16;
    const uint8_t both = tile[int4_scales_size(inputs) + input / 32 * 256 + in / 4 * 64 + column * 4 + in % 4];
    return (input % 32 < 16 ? both & 15 : both >> 4) - 8;
}
