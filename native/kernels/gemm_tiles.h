// Quantized products of up to 16 rows by a tile of 16 columns, on tile registers.
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

// Rows of a tile that is not whole are summed as so many or as 16.
constexpr int kFewOfTile = 4;

template <class Weights>
constexpr int kSteps = kActivationGroup / Weights::kStep;  // of an activation group

// The last products of a tile of rows by 16 columns. How many there were is kept apart: beside them the compiler would have
// to read it anew behind each tile store, and wait for that.
struct ProductRing {
    static constexpr uint32_t kSlots = kProductsAhead + 1;
    alignas(64) int32_t slots[kSlots][kRowTile * kLanes];
    int32_t* at(uint32_t number) { return slots[number % kSlots]; }
};

// The running sums of a tile of rows and one of columns, at some activation group. R rows are kept in registers: 16 of a whole
// tile; of another one those behind its last are any numbers, and are not stored.
template <int R, bool kWhole, class Weights>
struct RowTileSums {
    Float sum[R][1];
    const float* scales;  // of the group's activations, [width]
    uint32_t width;       // rows of the tile
    Weights weights;
    int step = 0;

    void add_step(const int32_t* products) {
        weights.enter_step(sum);
        for (int r = 0; r < R; ++r) {
            const Float product = weights.scaled(to_float(load_int(products + r * kLanes)), 0);
            sum[r][0] = fma(product, broadcast(scales[kWhole || uint32_t(r) < width ? r : 0]), sum[r][0]);
        }
        weights.next_step();
        if (++step % kSteps<Weights> == 0) scales += kWhole ? kRowTile : width;
    }
};

// The next panel's weights, fetched some behind each product and beside each step that is copied. A stream waits at the
// start of each page until the hardware fetches ahead of it, so there are several at once.
struct ComingWeights {
    static constexpr size_t kStreams = 4;
    const uint8_t *at, *end;  // of the first stream
    size_t stream;            // bytes
    size_t lines;             // of each stream at a time

    // weights: of `bytes`, to be fetched in as many turns.
    ComingWeights(const uint8_t* weights, size_t bytes, uint32_t turns) : at(weights), stream(bytes / kStreams / 64 * 64) {
        end = at + stream;
        lines = (stream / 64 + turns - 1) / turns;
    }
    void fetch() {
        for (size_t i = 0; i < lines && at < end; ++i, at += 64)
            for (size_t s = 0; s < kStreams; ++s) prefetch(at + s * stream);
    }
};

// Weights are stored plus kZero; tile registers take them as they are meant, so that no sum needs a correction.
template <class Weights>
inline void copy_signed(Weights from, uint32_t groups, int8_t* to, ComingWeights& coming) {
    for (uint32_t step = 0; step < groups * kSteps<Weights>; ++step, to += Weights::kStep * kLanes) {
        from.skip_head();
        coming.fetch();
        for (int four = 0; four < Weights::kStep / 4; ++four) store_less(to + four * 64, Weights::weights(from.at(0), four), Weights::kZero);
        from.next_step();
    }
    tiles_read_memory();
}

// Some groups of T tiles, which all rows are multiplied with.
template <int T, class Weights>
struct TilePanel {
    uint32_t begin, end;  // activation groups
    Weights first;        // at the first tile and group
    const int8_t* copy;   // [T][groups][1024], signed
    ComingWeights& coming;
};

// The panel's groups of `row_tiles` tiles of rows from `row` on, added to carry [rows][T][16], or put there where they begin
// with 0. The tiles are whole, or it is one that is not.
template <int R, bool kWhole, int T, class Weights>
inline void row_tiles_product(const GemmTask& task, uint32_t row, uint32_t row_tiles, TilePanel<T, Weights>& panel, float* carry) {
    const uint32_t groups = panel.end - panel.begin, steps = groups * kSteps<Weights>;
    const uint32_t ahead = steps < kProductsAhead ? steps : kProductsAhead;
    const RowsAt rows(task.activations, task.rows, row, panel.begin);
    const uint32_t width = kWhole ? kRowTile : rows.width, stored = kWhole ? kRowTile : task.row_end - row;
    const size_t tile_values = task.activations.groups * kTileGroupBytes;
    ProductRing ring;
    if (!kWhole) ring = {};
    uint32_t made = 0;
    const int8_t *a = rows.values, *w = panel.copy;  // of the next product
    int step = 0;
    const auto make_next = [&] {
        tile_product<kWhole>(a, kActivationGroup, w, ring.at(made++));
        a += ++step % kSteps<Weights> ? Weights::kStep : width * kActivationGroup - (kActivationGroup - Weights::kStep);
        w += Weights::kStep * kLanes;
        panel.coming.fetch();
    };
    for (uint32_t i = 0; i < ahead; ++i) make_next();
    for (uint32_t i = 0; i < row_tiles; ++i, carry += kRowTile * T * kLanes)
        for (int t = 0; t < T; ++t) {
            float* out = carry + t * kLanes;
            const float* scales = rows.scales + i * task.activations.groups * kRowTile;
            RowTileSums<R, kWhole, Weights> sums{{}, scales, width, panel.first.in_tile(t)};
            for (int r = 0; r < R; ++r)
                sums.sum[r][0] = panel.begin && (kWhole || uint32_t(r) < stored) ? load(out + r * T * kLanes) : broadcast(0);
            for (uint32_t i = ahead; i < steps; ++i) {
                make_next();
                sums.add_step(ring.at(made - 1 - ahead));
            }
            a = rows.values + (i + (t + 1) / T) * tile_values;
            w = panel.copy + (t + 1) % T * groups * kTileGroupBytes;
            step = 0;
            if (i + 1 < row_tiles || t + 1 < T) {
                for (uint32_t i = 0; i < ahead; ++i) {
                    make_next();
                    sums.add_step(ring.at(made - 1 - ahead));
                }
            } else {
                for (uint32_t left = ahead; left > 0; --left) sums.add_step(ring.at(made - left));
            }
            for (int r = 0; r < R; ++r)
                if (kWhole || uint32_t(r) < stored) store(out + r * T * kLanes, sums.sum[r][0]);
        }
}

// All groups of the task's rows and T tiles, into carry [rows][T][16].
template <int T, class Weights>
inline void tile_panel(const GemmTask& task, uint32_t tile, float* carry) {
    const uint32_t row_tiles = (task.row_end - task.row_begin) / kRowTile, rest = (task.row_end - task.row_begin) % kRowTile;
    float* rest_carry = carry + row_tiles * kRowTile * T * kLanes;
    const TileRegisters shaped(Weights::kStep, int(rest));
    const uint32_t groups = task.matrix.inputs / kActivationGroup;
    const uint32_t step = groups_at_once(groups, kTilePanelBytes, T * kTileGroupBytes);
    const size_t bytes = T * task.matrix.tile_bytes;
    ComingWeights coming(task.matrix.tiles + tile * task.matrix.tile_bytes + bytes, bytes,
                         groups * kSteps<Weights> * T * (1 + row_tiles + (rest > 0)));
    for (uint32_t begin = 0; begin < groups; begin += step) {
        const uint32_t end = begin + step < groups ? begin + step : groups;
        alignas(64) int8_t copy[kTilePanelBytes];
        TilePanel<T, Weights> panel{begin, end, Weights(task.matrix, tile, begin), copy, coming};
        for (int t = 0; t < T; ++t) copy_signed(panel.first.in_tile(t), end - begin, copy + t * (end - begin) * kTileGroupBytes, coming);
        if (row_tiles) row_tiles_product<kRowTile, true>(task, task.row_begin, row_tiles, panel, carry);
        if (rest > kFewOfTile) row_tiles_product<kRowTile, false>(task, task.row_end - rest, 1, panel, rest_carry);
        else if (rest) row_tiles_product<kFewOfTile, false>(task, task.row_end - rest, 1, panel, rest_carry);
    }
}

}  // namespace qingmo::QINGMO_ISA
