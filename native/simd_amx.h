// Tile registers of AMX (TILE and INT8), used beside the vectors of simd_avx512.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace qingmo::QINGMO_ISA {

// While it lives, the calling thread's tile registers are shaped for `tile_product`. The operating system saves them with
// every switch between threads, so they are let go as soon as a gemm is done.
class TileRegisters {
   public:
    TileRegisters() {
        struct {
            uint8_t palette = 1, start_row = 0, reserved[14] = {};
            uint16_t row_bytes[16] = {64, 32, 64};
            uint8_t rows[16] = {16, 16, 8};
        } shapes;  // of registers 0: products, 1: activations, 2: weights
        _tile_loadconfig(&shapes);
    }
    ~TileRegisters() { _tile_release(); }
    TileRegisters(const TileRegisters&) = delete;
    TileRegisters& operator=(const TileRegisters&) = delete;
};

// products [16 rows][16 columns] = activations [16 rows][32 inputs] by weights [32 / 4][16 columns][4 inputs], all signed.
inline void tile_product(const int8_t* activations, const int8_t* weights, int32_t* products) {
    _tile_zero(0);
    _tile_loadd(1, activations, 32);
    _tile_loadd(2, weights, 64);
    _tile_dpbssd(0, 1, 2);
    _tile_stored(0, products, 64);
}

// 64 weights as they are meant, from what is stored for them and for 0.
inline void store_less(int8_t* to, Bytes stored, int zero) {
    _mm512_storeu_si512(to, _mm512_sub_epi8(stored.v, _mm512_set1_epi8(char(zero))));
}

// The compiler does not know that `tile_product` reads memory; this makes what was written before visible to it.
inline void tiles_read_memory() { asm volatile("" ::: "memory"); }

}  // namespace qingmo::QINGMO_ISA
