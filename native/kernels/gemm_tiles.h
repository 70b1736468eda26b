// Quantized products of 16 rows by a tile of 16 columns, on tile registers.
//
// A tile register sums over one activation group; the groups' scales need vectors, and the way from one to the other is
// through memory. So that no vector waits for what a tile register has just stored, products are made some groups ahead of
// their sums, also across the end of 16 rows. The integers are exact, and the sums take them in the order of the vector
// kernels: the bits are the same.
#pragma once

#include "gemm_operands.h"

namespace qingmo::QINGMO_ISA {

constexpr uint32_t kTileGroupBytes = kActivationGroup * kLanes;  // of a tile's weights as int8, and of 16 rows of activations

// Products between one and its sum: a product takes 52 cycles from its operands to its store, and a group some 40.
constexpr uint32_t kProductsAhead = 3;

// Weights worked on with all rows before the next. With as much of 16 rows' activations and the ring of products they
// share a 48 KiB L1.
constexpr uint32_t kTilePanelBytes = 16 * 1024;

template <class Weights>
constexpr int kSteps = kActivationGroup / Weights::kStep;  // of an activation group

// The last products of 16 rows by 16 columns. How many there were is kept apart: beside them the compiler would have to
// read it anew behind each tile store, and wait for that.
struct ProductRing {
    static constexpr uint32_t kSlots = kProductsAhead + 1;
    alignas(64) int32_t slots[kSlots][kRowTile * kLanes];
    int32_t* at(uint32_t number) { return slots[number % kSlots]; }
};

// The running sums of 16 rows and a tile, at some activation group.
template <class Weights>
struct RowTileSums {
    Float sum[kRowTile][1];
    const float* scales;  // of the group's activations, [16]
    Weights weights;
    int step = 0;

    void add_step(const int32_t* products) {
        weights.enter_step(sum);
        for (int r = 0; r < kRowTile; ++r) {
            const Float product = weights.scaled(to_float(load_int(products + r * kLanes)), 0);
            sum[r][0] = fma(product, broadcast(scales[r]), sum[r][0]);
        }
        weights.next_step();
        if (++step % kSteps<Weights> == 0) scales += kRowTile;
    }
};

// Weights are stored plus kZero; tile registers take them as they are meant, so that no sum needs a correction.
template <class Weights>
inline void copy_signed(Weights from, uint32_t groups, int8_t* to) {
    for (uint32_t step = 0; step < groups * kSteps<Weights>; ++step, to += Weights::kStep * kLanes) {
        from.skip_head();
        for (int four = 0; four < Weights::kStep / 4; ++four) store_less(to + four * 64, Weights::weights(from.at(0), four), Weights::kZero);
        from.next_step();
    }
    tiles_read_memory();
}

// Groups [begin, end) of row_tiles x 16 rows and T tiles, added to carry [rows][T][16], or put there where begin is 0.
template <int T, class Weights>
inline void row_tiles_product(const GemmTask& task, uint32_t row_tiles, uint32_t tile, uint32_t begin, uint32_t end, float* carry) {
    const uint32_t groups = end - begin, steps = groups * kSteps<Weights>, ahead = steps < kProductsAhead ? steps : kProductsAhead;
    const RowsAt rows(task.activations, task.rows, task.row_begin, begin);
    const size_t all_groups = task.activations.groups;
    alignas(64) int8_t weights[kTilePanelBytes];  // [T][groups][1024]
    const Weights first(task.matrix, tile, begin);
    for (int t = 0; t < T; ++t)
        copy_signed(first.in_tile(t), groups, weights + t * groups * kTileGroupBytes);

    // Behind each product some of the next panel's weights are fetched: as many groups as are worked on here.
    const uint8_t* coming = task.matrix.tiles + (tile + T) * task.matrix.tile_bytes + size_t(begin) * T * Weights::kGroupBytes;
    const uint8_t* const coming_end = coming + size_t(groups) * T * Weights::kGroupBytes;
    const size_t share = (Weights::kGroupBytes / kSteps<Weights> / row_tiles + 63) / 64 * 64;  // bytes a product
    ProductRing ring;
    uint32_t made = 0;
    const int8_t *a = rows.values, *w = weights;  // of the next product
    int step = 0;
    const auto make_next = [&] {
        tile_product(a, kActivationGroup, w, ring.at(made++));
        a += ++step % kSteps<Weights> ? Weights::kStep : kTileGroupBytes - (kActivationGroup - Weights::kStep);
        w += Weights::kStep * kLanes;
        for (const uint8_t* to = coming + share; coming < to && coming < coming_end; coming += 64) prefetch(coming);
    };
    for (uint32_t i = 0; i < ahead; ++i) make_next();
    for (uint32_t i = 0; i < row_tiles; ++i, carry += kRowTile * T * kLanes)
        for (int t = 0; t < T; ++t) {
            float* out = carry + t * kLanes;
            RowTileSums<Weights> sums{{}, rows.scales + i * all_groups * kRowTile, first.in_tile(t), 0};
            for (int r = 0; r < kRowTile; ++r) sums.sum[r][0] = begin ? load(out + r * T * kLanes) : broadcast(0);
            for (uint32_t i = ahead; i < steps; ++i) {
                make_next();
                sums.add_step(ring.at(made - 1 - ahead));
            }
            a = rows.values + (i + (t + 1) / T) * all_groups * kTileGroupBytes;
            w = weights + (t + 1) % T * groups * kTileGroupBytes;
            step = 0;
            if (i + 1 < row_tiles || t + 1 < T) {
                for (uint32_t i = 0; i < ahead; ++i) {
                    make_next();
                    sums.add_step(ring.at(made - 1 - ahead));
                }
            } else {
                for (uint32_t left = ahead; left > 0; --left) sums.add_step(ring.at(made - left));
            }
            for (int r = 0; r < kRowTile; ++r) store(out + r * T * kLanes, sums.sum[r][0]);
        }
}

// All groups of row_tiles x 16 rows and T tiles, into carry [rows][T][16].
template <int T, class Weights>
inline void tile_panel(const GemmTask& task, uint32_t row_tiles, uint32_t tile, float* carry) {
    const TileRegisters shaped(Weights::kStep);
    const uint32_t groups = task.matrix.inputs / kActivationGroup;
    const uint32_t step = groups_at_once(groups, kTilePanelBytes, T * kTileGroupBytes);
    for (uint32_t begin = 0; begin < groups; begin += step)
        row_tiles_product<T, Weights>(task, row_tiles, tile, begin, begin + step < groups ? begin + step : groups, carry);
}

}  // namespace qingmo::QINGMO_ISA
