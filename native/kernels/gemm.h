// Matrix product of a few rows of activations with tiles of 16 output columns.
//
// Every output is summed over its inputs in one order, whatever rows stand beside it and however the inputs are cut:
// the running sums of a cut are carried in memory as the same floats they were in registers.
#pragma once

#include "activation.h"
#include "gemm_operands.h"
#include "quantize.h"
#if QINGMO_HAS_TILES
#include "gemm_tiles.h"
#endif

namespace qingmo::QINGMO_ISA {

// sum[r][t] += weight scale * activation scale * integer dot product of a step's inputs; rows are at the step's group. Beside
// each line of weights that is used, the one `ahead` bytes further is fetched.
template <bool kFetch, int R, int T, class Weights>
inline void add_step(const Weights& weights, int step, const RowsAt& rows, size_t ahead, Float (&sum)[R][T]) {
    const uint8_t* at[T];
    for (int t = 0; t < T; ++t) at[t] = weights.at(t);
    Int acc[R][T];
    for (int r = 0; r < R; ++r)
        for (int t = 0; t < T; ++t) acc[r][t] = broadcast_int(Weights::correction(rows.corrections + 2 * r, step));
#pragma GCC unroll 16
    for (int turn = 0; turn < Weights::kStep / 4; ++turn) {
        const int k = Weights::four(turn);
        if constexpr (kFetch)
            for (int t = 0; t < T && k * 64 < Weights::kStepBytes; ++t) prefetch(at[t] + k * 64 + ahead);
        decltype(Weights::weights(at[0], 0)) w[T];
        for (int t = 0; t < T; ++t) w[t] = Weights::weights(at[t], k);
        for (int r = 0; r < R; ++r) {
            Int four = broadcast_four(rows.values + r * kActivationGroup + step * Weights::kStep + k * 4);
            for (int t = 0; t < T; ++t) acc[r][t] = dot(acc[r][t], w[t], four);
        }
    }
    for (int r = 0; r < R; ++r) {
        Float scale = broadcast(rows.scales[r]);
        for (int t = 0; t < T; ++t) sum[r][t] = fma(weights.scaled(to_float(acc[r][t]), t), scale, sum[r][t]);
    }
}

// Few rows go over each weight once, as it comes from memory.
#if QINGMO_HAS_TILES
constexpr uint32_t kFewRows = kGemmRows;  // more are multiplied on tile registers
#else
constexpr uint32_t kFewRows = kGemmRows / 2;
#endif
inline bool uses_weights_once(const GemmTask& task) { return task.row_end - task.row_begin <= kFewRows; }

// Where among the products the weights that come next are fetched. A core has some dozens of lines under way and no more, so
// they should be evenly spread. With few rows each line is waited for. With some, each activation group asks for its part of the
// next panel; with many so little is asked for that it may stand behind each turn of kGemmRows rows, where it costs nothing.
enum class Fetch { never, beside_lines, beside_groups, behind_rows };
constexpr uint32_t kSomeTurns = 8;  // with more, fetching beside groups costs 2 % and gains nothing

// The next panel's weights, fetched some at a time while this one is worked on.
struct NextPanel {
    const uint8_t* at = nullptr;
    size_t bytes = 0;  // at a time

    NextPanel() = default;  // none is fetched
    NextPanel(const uint8_t* weights, size_t size, uint32_t times) : at(weights), bytes((size + times - 1) / times) {}
    void fetch() {
        for (const uint8_t* to = at + bytes; at < to; at += 64) prefetch(at);
    }
};

// Products of R rows by P neighbouring tiles over activation groups [begin, end), added to carry, or put there where begin
// is 0. carry: [R][T][16], of a panel of T tiles, at the first of the P. The sums never leave their registers, where there
// are enough.
template <class Weights, Fetch kWhen>
struct QuantizedProduct {
    static constexpr Fetch kFetch = kWhen;
    // Rows to be tried where `rows` are too many.
    static constexpr int fewer(int rows) { return rows - 1; }

    template <int R, int P, int T>
    static void add(const GemmTask& task, uint32_t row, uint32_t tile, uint32_t begin, uint32_t end, NextPanel& next, float* carry) {
        RowsAt rows(task.activations, task.rows, row, begin);
        Weights weights(task.matrix, tile, begin);
        // Beyond what stands in front of the next tile, so that it is among what is fetched.
        const size_t ahead = kFetchAhead + Weights::bytes_in_front(task.matrix);
        Float sum[R][P];
        for (int r = 0; r < R; ++r)
            for (int t = 0; t < P; ++t) sum[r][t] = begin ? load(carry + (r * T + t) * kLanes) : broadcast(0);
        for (uint32_t group = begin; group < end; ++group) {
            for (int step = 0; step < kActivationGroup / Weights::kStep; ++step) {
                weights.enter_step(sum);
                add_step<kFetch == Fetch::beside_lines>(weights, step, rows, ahead, sum);
                weights.next_step();
            }
            if constexpr (kFetch == Fetch::beside_groups) next.fetch();
            rows.next_group();
        }
        for (int r = 0; r < R; ++r)
            for (int t = 0; t < P; ++t) store(carry + (r * T + t) * kLanes, sum[r][t]);
    }
};

struct FromFloat32 {
    using Element = float;
    static Float read(const float* p) { return load(p); }
};
struct FromFloat16 {
    using Element = uint16_t;
    static Float read(const uint16_t* p) { return load_half(p); }
};
struct FromBfloat16 {
    using Element = uint16_t;
    static Float read(const uint16_t* p) { return load_bfloat16(p); }
};

// The same over inputs [begin, end) of unquantized weights: one fused multiply-add an input, in order.
template <class From>
struct FloatProduct {
    static constexpr Fetch kFetch = Fetch::never;
    static constexpr int fewer(int rows) { return rows / 2; }

    template <int R, int P, int T>
    static void add(const GemmTask& task, uint32_t row, uint32_t tile, uint32_t begin, uint32_t end, NextPanel&, float* carry) {
        const Activations& acts = task.activations;
        const auto* weights = reinterpret_cast<const typename From::Element*>(task.matrix.tiles + tile * task.matrix.tile_bytes);
        const size_t tile_elements = task.matrix.tile_bytes / sizeof(*weights);
        const float* values = acts.floats + row * acts.stride;
        Float sum[R][P];
        for (int r = 0; r < R; ++r)
            for (int t = 0; t < P; ++t) sum[r][t] = begin ? load(carry + (r * T + t) * kLanes) : broadcast(0);
        for (uint32_t k = begin; k < end; ++k) {
            Float w[P];
            for (int t = 0; t < P; ++t) w[t] = From::read(weights + t * tile_elements + size_t(k) * kLanes);
            for (int r = 0; r < R; ++r) {
                Float a = broadcast(values[r * acts.stride + k]);
                for (int t = 0; t < P; ++t) sum[r][t] = fma(a, w[t], sum[r][t]);
            }
        }
        for (int r = 0; r < R; ++r)
            for (int t = 0; t < P; ++t) store(carry + (r * T + t) * kLanes, sum[r][t]);
    }
};

// R rows by the tiles of a panel from the Nth on, as many at once as there are registers for.
template <class Product, int R, int T, int N = 0>
inline void add_tiles(const GemmTask& task, uint32_t row, uint32_t tile, uint32_t begin, uint32_t end, NextPanel& next, float* carry) {
    constexpr int kNow = tiles_at_once(R) < T - N ? tiles_at_once(R) : T - N;
    Product::template add<R, kNow, T>(task, row, tile + N, begin, end, next, carry + N * kLanes);
    if constexpr (N + kNow < T) add_tiles<Product, R, T, N + kNow>(task, row, tile, begin, end, next, carry);
}

// At most R of the `left` rows by a panel; returns how many.
template <class Product, int R, int T>
inline uint32_t add_rows(const GemmTask& task, uint32_t left, uint32_t row, uint32_t tile, uint32_t begin, uint32_t end, NextPanel& next, float* carry) {
    if constexpr (R > 1)
        if (left < R) return add_rows<Product, Product::fewer(R), T>(task, left, row, tile, begin, end, next, carry);
    add_tiles<Product, R, T>(task, row, tile, begin, end, next, carry);
    return R;
}

// Some of the rows from `row` on, of one tile of rows, by a panel; returns how many.
template <class Product, int T>
inline uint32_t next_rows(const GemmTask& task, uint32_t row, uint32_t tile, uint32_t begin, uint32_t end, NextPanel& next, float* carry) {
    const uint32_t left = task.row_end - row, of_tile = kRowTile - row % kRowTile;
    constexpr int kMost = T <= kGemmPanel ? kGemmRows : 2;  // more tiles are taken at once for one or two rows alone
    return add_rows<Product, kMost, T>(task, left < of_tile ? left : of_tile, row, tile, begin, end, next, carry);
}

// All rows by a panel, `step` of its inputs at a time; of quantized weights both count activation groups.
template <class Product, int T>
inline void all_rows(const GemmTask& task, uint32_t tile, uint32_t inputs, uint32_t step, NextPanel next, float* carries) {
    for (uint32_t begin = 0; begin < inputs; begin += step) {
        const uint32_t end = begin + step < inputs ? begin + step : inputs;
        float* carry = carries;
        for (uint32_t row = task.row_begin; row < task.row_end;) {
            const uint32_t used = next_rows<Product, T>(task, row, tile, begin, end, next, carry);
            row += used;
            carry += used * T * kLanes;
            if constexpr (Product::kFetch == Fetch::behind_rows) next.fetch();
        }
    }
}

// Of some or many rows.
template <int T, class Weights>
inline void vector_panel(const GemmTask& task, uint32_t tile, float* carries) {
    const uint32_t groups = task.matrix.inputs / kActivationGroup;
    const uint32_t step = groups_at_once(groups, kPanelBytes, T * Weights::kGroupBytes), steps = (groups + step - 1) / step;
    const uint32_t turns = (task.row_end - task.row_begin + kGemmRows - 1) / kGemmRows;
    const size_t bytes = T * task.matrix.tile_bytes;
    const uint8_t* next = task.matrix.tiles + (tile + T) * task.matrix.tile_bytes;
    if (turns <= kSomeTurns) {
        using Product = QuantizedProduct<Weights, Fetch::beside_groups>;
        all_rows<Product, T>(task, tile, groups, step, NextPanel(next, bytes, turns * groups), carries);
    } else {
        using Product = QuantizedProduct<Weights, Fetch::behind_rows>;
        all_rows<Product, T>(task, tile, groups, step, NextPanel(next, bytes, turns * steps), carries);
    }
}

template <int T, class Weights>
inline void quantized_panel(const GemmTask& task, uint32_t tile, float* carry) {
    if (T > kGemmPanel || uses_weights_once(task)) {  // nothing is used again, so nothing is cut to stay in L1
        using Product = QuantizedProduct<Weights, Fetch::beside_lines>;
        const uint32_t groups = task.matrix.inputs / kActivationGroup;
        return all_rows<Product, T>(task, tile, groups, groups, NextPanel(), carry);
    }
#if QINGMO_HAS_TILES
    if constexpr (T <= kGemmPanel) tile_panel<T, Weights>(task, tile, carry);
#else
    if constexpr (T <= kGemmPanel) vector_panel<T, Weights>(task, tile, carry);
#endif
}

template <int T, class From>
inline void float_panel(const GemmTask& task, uint32_t tile, float* carries) {
    const uint32_t step = kPanelBytes / (T * kLanes * sizeof(typename From::Element));
    all_rows<FloatProduct<From>, T>(task, tile, task.matrix.inputs, step, NextPanel(), carries);
}

// The sums of all rows and T tiles, into carry [rows][T][16].
template <int T>
inline void panel(const GemmTask& task, uint32_t tile, float* carry) {
    switch (task.matrix.type) {
        case ElementType::int8: return quantized_panel<T, Int8Weights>(task, tile, carry);
        case ElementType::int6: return quantized_panel<T, Int6Weights>(task, tile, carry);
        case ElementType::int4: return quantized_panel<T, Int4Weights>(task, tile, carry);
        case ElementType::float32: return float_panel<T, FromFloat32>(task, tile, carry);
        case ElementType::float16: return float_panel<T, FromFloat16>(task, tile, carry);
        case ElementType::bfloat16: return float_panel<T, FromBfloat16>(task, tile, carry);
    }
}

// The finished product of a row and a tile: the head of an int8 tile's first weight group holds the scale of its last.
inline Float product(const GemmTask& task, const float* carry, uint32_t tile) {
    const Matrix& matrix = task.matrix;
    if (matrix.type != ElementType::int8) return load(carry);
    return mul(load(carry), load(reinterpret_cast<const float*>(matrix.tiles + tile * matrix.tile_bytes)));
}

// T tiles of a panel, each `apart` from the one before.
template <int T>
inline void write_rows(const GemmTask& task, uint32_t tile, uint32_t apart) {
    const float* carry = task.scratch;
    for (uint32_t row = task.row_begin; row < task.row_end; ++row, carry += T * kLanes) {
        float* out = task.out + row * task.out_stride + tile * kLanes;
        for (int t = 0; t < T; ++t, out += apart * kLanes) {
            Float value = product(task, carry + t * kLanes, tile + t * apart);
            store(out, task.epilogue == Epilogue::add ? add(load(out), value) : value);
        }
    }
}

template <int T>
inline void panel_and_rows(const GemmTask& task, uint32_t tile, uint32_t apart) {
    GemmTask spread = task;  // those tiles are the first of a matrix
    spread.matrix.tiles += tile * task.matrix.tile_bytes;
    spread.matrix.tile_bytes *= apart;
    panel<T>(spread, 0, task.scratch);
    write_rows<T>(task, tile, apart);
}

// ---- few rows ----------------------------------------------------------------------------------------------------

// Tiles that are taken at once stand far apart, so that each stream of weights is read from end to end, as the hardware
// likes it; neighbours would end all together, every 8 KB where a tile has 896 inputs.
inline void few_rows(const GemmTask& task, uint32_t begin, uint32_t end) {
    const uint32_t streams = tiles_at_once(int(task.row_end - task.row_begin)), apart = (end - begin) / streams;
    for (uint32_t tile = begin; tile < begin + apart; ++tile) {
        switch (streams) {
            case 1: panel_and_rows<1>(task, tile, apart); break;
            case 2: panel_and_rows<2>(task, tile, apart); break;
            default: panel_and_rows<kMostStreams>(task, tile, apart);
        }
    }
    for (uint32_t tile = begin + streams * apart; tile < end; ++tile) panel_and_rows<1>(task, tile, 1);
}

// One activation group, or what there is of the last, from the sums of a row's tiles of gate and up.
inline void gate_sums(const GemmTask& task, const float* sums, uint32_t row, uint32_t tile, uint32_t tiles) {
    const ActivationsOut& next = task.next;
    alignas(64) float group[kActivationGroup];
    float* out = next.quantized ? group : next.floats + row * next.stride + tile / 2 * kLanes;
    for (uint32_t i = 0; i < tiles / 2; ++i, sums += 2 * kLanes) store(out + i * kLanes, silu_mul(load(sums), load(sums + kLanes)));
    if (next.quantized) quantize_group(group, tiles / 2, row, tile / kGatedTiles, next);
}

// sums: [rows][stride], a vector for each of the task's tiles in the first columns.
inline void apply_epilogue(const GemmTask& task, const float* sums, size_t stride) {
    for (uint32_t row = task.row_begin; row < task.row_end; ++row, sums += stride) {
        if (task.epilogue == Epilogue::swiglu) {
            for (uint32_t tile = task.tile_begin; tile < task.tile_end; tile += kGatedTiles) {
                const uint32_t left = task.tile_end - tile;
                gate_sums(task, sums + (tile - task.tile_begin) * kLanes, row, tile, left < kGatedTiles ? left : kGatedTiles);
            }
            continue;
        }
        float* out = task.out + row * task.out_stride + task.tile_begin * kLanes;
        for (uint32_t i = 0; i < (task.tile_end - task.tile_begin) * kLanes; i += kLanes)
            store(out + i, task.epilogue == Epilogue::add ? add(load(out + i), load(sums + i)) : load(sums + i));
    }
}

// Tiles whose sums wait together to be gated.
constexpr uint32_t kTilesToGate = 128;
constexpr size_t kFewRowsCarry = size_t(kFewRows) * kMostStreams * kLanes;
static_assert(kFewRowsCarry + size_t(kFewRows) * kTilesToGate * kLanes <= kGemmScratch && kTilesToGate % kGatedTiles == 0);

inline void few_rows_gated(const GemmTask& task) {
    constexpr size_t kStride = kTilesToGate * kLanes;
    float* sums = task.scratch + kFewRowsCarry;
    for (uint32_t begin = task.tile_begin; begin < task.tile_end; begin += kTilesToGate) {
        GemmTask part = task;
        part.tile_begin = begin;
        part.tile_end = task.tile_end - begin < kTilesToGate ? task.tile_end : begin + kTilesToGate;
        few_rows(products_only(part, sums, kStride), part.tile_begin, part.tile_end);
        apply_epilogue(part, sums, kStride);
    }
}

// ---- many rows ---------------------------------------------------------------------------------------------------

// The gated outputs of a tile of gate and one of up; out: [rows][stride], from the task's first row on.
inline void gated_panel(const GemmTask& task, uint32_t tile, float* out, size_t stride) {
    panel<2>(task, tile, task.scratch);
    const float* carry = task.scratch;
    for (uint32_t row = task.row_begin; row < task.row_end; ++row, carry += 2 * kLanes, out += stride)
        store(out, silu_mul(product(task, carry, tile), product(task, carry + kLanes, tile + 1)));
}

// One activation group of the next product, or what there is of the last.
inline void gated_group(const GemmTask& task, uint32_t tile, uint32_t tiles) {
    const ActivationsOut& next = task.next;
    float* scratch = task.scratch + size_t(kGemmRowBlock) * kGemmPanel * kLanes;
    float* out = next.quantized ? scratch : next.floats + task.row_begin * next.stride + tile / 2 * kLanes;
    const size_t stride = next.quantized ? kActivationGroup : next.stride;
    for (uint32_t done = 0; done < tiles; done += 2) gated_panel(task, tile + done, out + done / 2 * kLanes, stride);
    if (!next.quantized) return;
    for (uint32_t row = task.row_begin; row < task.row_end; ++row, out += stride)
        quantize_group(out, tiles / 2, row, tile / kGatedTiles, next);
}

inline void many_rows_gated(const GemmTask& task) {
    for (uint32_t tile = task.tile_begin; tile < task.tile_end; tile += kGatedTiles) {
        const uint32_t left = task.tile_end - tile;
        gated_group(task, tile, left < kGatedTiles ? left : kGatedTiles);
    }
}

inline void many_rows(const GemmTask& task) {
    for (uint32_t tile = task.tile_begin; tile < task.tile_end; tile += kGemmPanel) {
        if (task.tile_end - tile >= kGemmPanel) panel_and_rows<kGemmPanel>(task, tile, 1);
        else panel_and_rows<1>(task, tile, 1);
    }
}

inline void gemm(const GemmTask& task) {
    const bool gated = task.epilogue == Epilogue::swiglu;
    if (!uses_weights_once(task)) return gated ? many_rows_gated(task) : many_rows(task);
    if (gated) few_rows_gated(task);
    else few_rows(task, task.tile_begin, task.tile_end);
}

inline void read_int8_column(const Matrix& matrix, const uint8_t* tile, uint32_t lane, float* out) {
    const uint32_t size = matrix.weight_group;
    const size_t group_bytes = 64 + size_t(size) * kLanes;
    float scale = reinterpret_cast<const float*>(tile)[lane];
    for (uint32_t group = matrix.inputs / size; group-- > 0;) {
        const uint8_t* head = tile + group * group_bytes;
        for (uint32_t k = 0; k < size; ++k)
            out[group * size + k] = scale * float(int32_t(head[64 + k / 4 * 64 + lane * 4 + k % 4]) - 128);
        scale *= reinterpret_cast<const float*>(head)[lane];
    }
}

inline void read_int6_column(const Matrix& matrix, const uint8_t* tile, uint32_t lane, float* out) {
    const uint8_t* bytes = tile + half_scale_bytes(matrix.inputs, kInt6Group) + lane * 4;
    for (uint32_t group = 0; group < matrix.inputs / kInt6Group; ++group, bytes += Int6Weights::kStepBytes, out += kInt6Group) {
        float scales[kLanes];
        store(scales, load_half(reinterpret_cast<const uint16_t*>(tile) + group * kLanes));
        for (uint32_t k = 0; k < kInt6Group; ++k) {
            const uint32_t four = k / 4;
            const uint8_t *halves = bytes + four % 8 * 64 + k % 4, *pairs = bytes + (8 + four % 4) * 64 + k % 4;
            const int lower = *halves >> four / 8 * 4 & 15, upper = *pairs >> four / 4 * 2 & 3;
            out[k] = scales[lane] * float((lower | upper << 4) - Int6Weights::kZero);
        }
    }
}

// Of an embedding, so never int4.
inline void read_column(const Matrix& matrix, uint32_t column, float* out) {
    const uint8_t* tile = matrix.tiles + column / kLanes * matrix.tile_bytes;
    const uint32_t lane = column % kLanes;
    if (matrix.type == ElementType::int8) return read_int8_column(matrix, tile, lane, out);
    if (matrix.type == ElementType::int6) return read_int6_column(matrix, tile, lane, out);
    const bool wide = matrix.type == ElementType::float32;
    for (uint32_t k = 0; k < matrix.inputs; ++k) {
        float row[kLanes];
        const uint8_t* at = tile + size_t(k) * kLanes * (wide ? 4 : 2);
        const auto* narrow = reinterpret_cast<const uint16_t*>(at);
        if (wide) store(row, load(reinterpret_cast<const float*>(at)));
        else store(row, matrix.type == ElementType::float16 ? load_half(narrow) : load_bfloat16(narrow));
        out[k] = row[lane];
    }
}

}  // namespace qingmo::QINGMO_ISA
