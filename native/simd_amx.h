// Tile registers of AMX (TILE and INT8), used beside the vectors of simd_avx512.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace qingmo::QINGMO_ISA {

// While it lives, the calling thread's tile registers are shaped for `tile_product`. The operating system saves them with
// every switch between threads, so they are let go as soon as a gemm is done.
class TileRegisters {
   public:
    // Of a product: at most 64 inputs, and rows in a tile that is not whole, 15 at most.
    TileRegisters(int inputs, int rest) {
        struct {
            uint8_t palette = 1, start_row = 0, reserved[14] = {};
            uint16_t row_bytes[16] = {64, 0, 64, 64, 0};
            uint8_t rows[16] = {16, 16, 0, 0, 0};
        } shapes;  // of registers 0: products, 1: activations, 2: weights, 3 and 4: products and activations of the rest
        shapes.row_bytes[1] = shapes.row_bytes[4] = uint16_t(inputs);
        shapes.rows[2] = uint8_t(inputs / 4);
        shapes.rows[3] = shapes.rows[4] = uint8_t(rest ? rest : 1);
        asm volatile("" ::"r"(&shapes) : "memory");  // GCC 12 believes that only the first 8 bytes are read
        _tile_loadconfig(&shapes);
    }
    ~TileRegisters() { _tile_release(); }
    TileRegisters(const TileRegisters&) = delete;
    TileRegisters& operator=(const TileRegisters&) = delete;
};

// products [rows][16 columns] = activations [rows][inputs] by weights [inputs / 4][16 columns][4 inputs], all signed; from a
// row of activations to the next it is `stride` bytes. Rows are 16, or those of the rest.
template <bool kWhole>
inline void tile_product(const int8_t* activations, size_t stride, const int8_t* weights, int32_t* products) {
    _tile_loadd(2, weights, 64);
    if constexpr (kWhole) {
        _tile_zero(0);
        _tile_loadd(1, activations, stride);
        _tile_dpbssd(0, 1, 2);
        _tile_stored(0, products, 64);
    } else {
        _tile_zero(3);
        _tile_loadd(4, activations, stride);
        _tile_dpbssd(3, 4, 2);
        _tile_stored(3, products, 64);
    }
}

// 64 weights as they are meant, from what is stored for them and for 0.
inline void store_less(int8_t* to, Bytes stored, int zero) {
    _mm512_storeu_si512(to, _mm512_sub_epi8(stored.v, _mm512_set1_epi8(char(zero))));
}

// Multiply-adds of whole tiles [16][64] by [64][16], four sums in turns; returns how many it made. See Kernels.
inline uint64_t multiply_add_tiles(uint32_t rounds) {
    struct {
        uint8_t palette = 1, start_row = 0, reserved[14] = {};
        uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64};
        uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
    } shapes;
    asm volatile("" ::"r"(&shapes) : "memory");  // GCC 12 believes that only the first 8 bytes are read
    _tile_loadconfig(&shapes);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    for (uint32_t round = 0; round < rounds; ++round) {
        _tile_dpbssd(0, 4, 5);
        _tile_dpbssd(1, 4, 5);
        _tile_dpbssd(2, 4, 5);
        _tile_dpbssd(3, 4, 5);
    }
    _tile_release();
    return uint64_t(rounds) * 4 * 16 * 16 * 64;
}

// The compiler does not know that `tile_product` reads memory; this makes what was written before visible to it.
inline void tiles_read_memory() { asm volatile("" ::: "memory"); }

}  // namespace qingmo::QINGMO_ISA
