#include "decoder.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "carver.h"

namespace qingmo {

namespace {

// Rows of an attention unit, where a token has fewer: they go over the same keys and values, which the second-level cache
// holds as floats, and take some 50 us a chunk.
constexpr uint32_t kUnitRows = 112;

uint32_t unit_rows(const ModelShape& shape) {
    const uint32_t group = shape.heads / shape.kv_heads;
    return std::max(1u, kUnitRows / group) * group;
}

uint32_t divided_up(uint32_t n, uint32_t by) { return (n + by - 1) / by; }

uint32_t round_up(uint32_t n, uint32_t to) { return divided_up(n, to) * to; }

}  // namespace

Decoder::Decoder(const PackedFile& file, const ModelShape& shape, const Limits& limits, KvPool& kv, ThreadPool& pool, const Kernels& kernels)
    : shape_(shape), limits_(limits), kv_(kv), pool_(pool), kernels_(kernels) {
    const uint32_t q = shape.heads * shape.head_dim, kv_dim = shape.kv_heads * shape.head_dim, h = shape.hidden_size;
    if (!shape.layers || !shape.kv_heads || shape.heads % shape.kv_heads || h % kLanes || shape.intermediate_size % kLanes ||
        !shape.head_dim || shape.head_dim % kLanes || shape.head_dim > uint32_t(kMaxHeadDim))
        throw std::runtime_error("the model's sizes are not ones these kernels are made for");
    std::vector<Matrix> matrices;
    for (uint32_t i = 0; i < shape.layers; ++i) {
        const std::string p = "layers." + std::to_string(i) + ".";
        Layer layer{};
        layer.attn_norm = file.vector(p + "attn_norm", h);
        layer.mlp_norm = file.vector(p + "mlp_norm", h);
        if (shape.qkv_bias) layer.qkv_bias = file.vector(p + "qkv_bias", q + 2 * kv_dim);
        if (shape.qk_norm) {
            layer.q_norm = file.vector(p + "q_norm", shape.head_dim);
            layer.k_norm = file.vector(p + "k_norm", shape.head_dim);
        }
        layer.qkv = file.matrix(p + "qkv", q + 2 * kv_dim, h);
        layer.o = file.matrix(p + "o", h, q);
        layer.gate_up = file.matrix(p + "gate_up", 2 * shape.intermediate_size, h);
        layer.down = file.matrix(p + "down", h, shape.intermediate_size);
        matrices.insert(matrices.end(), {layer.qkv, layer.o, layer.gate_up, layer.down});
        layers_.push_back(layer);
    }
    norm_ = file.vector("norm", h);
    embed_ = file.matrix("embed", shape.vocab_size, h);
    head_ = shape.tied_head ? embed_ : file.matrix("head", shape.vocab_size, h);
    matrices.push_back(head_);
    rope_ = make_rope_table(int(limits.positions), int(shape.head_dim), shape.rope_theta);

    qkv_width_ = q + 2 * kv_dim;
    attn_width_ = q;
    values_width_ = round_up(std::max({h, q, shape.intermediate_size}), kActivationGroup);
    logits_stride_ = round_up(shape.vocab_size, kLanes);
    scratch_floats_ = std::max({kGemmScratch, values_width_,
                                attention_wide_floats(shape.head_dim) + 2 * unit_rows(shape) * attention_state_floats(shape.head_dim)});
    const size_t rows = limits.rows;
    auto carve = [&](uint8_t* base) {
        Carver carver(base);
        carver.take(x_, rows * h);
        carver.take(qkv_, rows * qkv_width_);
        carver.take(attn_, rows * attn_width_);
        for (int i = 0; i < 2; ++i) {
            carver.take(floats_[i], rows * values_width_);
            carver.take(values_[i], rows * values_width_);
            carver.take(scales_[i], rows * values_width_ / kActivationGroup);
            carver.take(corrections_[i], 2 * rows * values_width_ / kActivationGroup);
        }
        carver.take(logits_, size_t(limits.outputs) * logits_stride_);
        carver.take(scratch_, size_t(pool.threads()) * scratch_floats_);
        return carver.used();
    };
    memory_ = std::make_unique<LazyMemory>(carve(nullptr));
    carve(memory_->data());
    products_ = std::make_unique<Products>(pool, kernels, matrices, values_width_, scratch_, scratch_floats_);
}

void Decoder::check(const Batch& b, uint32_t begin, uint32_t end, const float* hidden_in, bool wants_logits) const {
    auto require = [](bool holds, const char* rule) {
        if (!holds) throw std::invalid_argument(std::string("batch: ") + rule);
    };
    require(b.rows > 0 && b.rows <= limits_.rows, "rows must be at least 1 and at most the runner's limit");
    require(begin < end && end <= layers_.size(), "layers must be a range of the model's");
    require(begin == 0 || hidden_in, "hidden_in is needed where layers do not begin at 0");
    require(!wants_logits || end == layers_.size(), "logits need the last layer");
    require(!wants_logits || b.outputs <= limits_.outputs, "more output rows than the runner's limit");
    require(b.sequences > 0 && b.spans[0] == 0 && uint32_t(b.spans[b.sequences]) == b.rows, "spans must cover all rows");
    for (uint32_t s = 0; s < b.sequences; ++s) {
        const int32_t first = b.spans[s], last = b.spans[s + 1] - 1;
        require(first <= last && uint32_t(last) < b.rows, "a sequence must have a row, and all its rows in the batch");
        for (int32_t r = first; r <= last; ++r) {
            require(int64_t(b.positions[r]) - b.positions[first] == r - first, "positions of a sequence must be consecutive");
            require(b.token_ids[r] >= 0 && uint32_t(b.token_ids[r]) < shape_.vocab_size, "a token id is outside the vocabulary");
        }
        require(b.positions[first] >= 0 && uint32_t(b.positions[last]) < limits_.positions, "a position is outside the model's length");
        const uint32_t blocks = uint32_t(b.positions[last]) / kBlockTokens + 1;
        require(blocks <= b.table_width, "a block table is too short");
        for (uint32_t i = 0; i < blocks; ++i) {
            const int32_t id = b.block_tables[size_t(s) * b.table_width + i];
            require(id >= 0 && uint32_t(id) < kv_.blocks(), "a block id is outside the pool");
        }
    }
    for (uint32_t i = 0; i < b.outputs; ++i) {
        require(b.output_rows[i] >= 0 && uint32_t(b.output_rows[i]) < b.rows, "an output row is outside the batch");
        require(i == 0 || b.output_rows[i] > b.output_rows[i - 1], "output rows must ascend");
    }
}

void Decoder::forward(const Batch& batch, uint32_t begin, uint32_t end, const float* hidden_in, float* hidden_out) {
    check(batch, begin, end, hidden_in, !hidden_out);
    times_.begin();
    plan_attention(batch, false);
    if (begin == 0) embed(batch);
    else std::memcpy(x_, hidden_in, size_t(batch.rows) * shape_.hidden_size * sizeof(float));
    times_.ended(Phase::embedding);
    for (uint32_t i = begin; i < end; ++i) run_layer(batch, layers_[i], i, i + 1 == end);
    if (end == layers_.size()) finish(batch, hidden_out);
    else std::memcpy(hidden_out, x_, size_t(batch.outputs) * shape_.hidden_size * sizeof(float));
}

template <class Work>
void Decoder::for_rows(uint32_t rows, uint32_t rows_a_piece, const Work& work) {
    pool_.run(int((rows + rows_a_piece - 1) / rows_a_piece), [&](int piece, int worker) {
        const uint32_t end = std::min(rows, (piece + 1) * rows_a_piece);
        for (uint32_t row = piece * rows_a_piece; row < end; ++row) work(row, worker);
    });
}

void Decoder::embed(const Batch& batch) {
    for_rows(batch.rows, 16, [&](uint32_t row, int worker) {
        float* whole = scratch(worker);  // the packed column may be longer than the hidden size
        kernels_.read_column(embed_, uint32_t(batch.token_ids[row]), whole);
        std::memcpy(x_ + size_t(row) * shape_.hidden_size, whole, shape_.hidden_size * sizeof(float));
    });
}

void Decoder::run_layer(const Batch& batch, const Layer& layer, uint32_t index, bool last) {
    norm_rows(x_, batch.rows, layer.attn_norm, layer.qkv);
    times_.ended(Phase::norms);
    product(layer.qkv, batch.rows, qkv_, qkv_width_, Epilogue::store);
    times_.ended(Phase::qkv);
    place_keys_and_values(batch, layer, index);
    times_.ended(Phase::keys_and_values);
    if (last && batch.outputs < batch.rows) plan_attention(batch, true);
    attend(batch, index);
    times_.ended(Phase::attention);
    if (last) keep_outputs(batch);
    const uint32_t rows = last ? batch.outputs : batch.rows;
    plain_rows(attn_, attn_width_, rows, layer.o);
    times_.ended(Phase::norms);
    product(layer.o, rows, x_, shape_.hidden_size, Epilogue::add);
    times_.ended(Phase::o);
    norm_rows(x_, rows, layer.mlp_norm, layer.gate_up);
    times_.ended(Phase::norms);
    gated_product(layer.gate_up, rows, layer.down);
    times_.ended(Phase::gate_up);
    product(layer.down, rows, x_, shape_.hidden_size, Epilogue::add);
    times_.ended(Phase::down);
}

void Decoder::keep_outputs(const Batch& batch) {
    const size_t h = shape_.hidden_size;
    for (uint32_t i = 0; i < batch.outputs; ++i) {  // ascending, so a row is never overwritten before it is read
        const size_t row = size_t(batch.output_rows[i]);
        if (row == i) continue;
        std::memcpy(x_ + i * h, x_ + row * h, h * sizeof(float));
        std::memcpy(attn_ + i * attn_width_, attn_ + row * attn_width_, attn_width_ * sizeof(float));
    }
}

void Decoder::finish(const Batch& batch, float* hidden_out) {
    const uint32_t h = shape_.hidden_size;
    if (hidden_out) {
        for_rows(batch.outputs, 16, [&](uint32_t row, int) {
            kernels_.rms_norm(x_ + size_t(row) * h, norm_, h, shape_.rms_norm_eps, hidden_out + size_t(row) * h);
        });
        times_.ended(Phase::norms);
        return;
    }
    norm_rows(x_, batch.outputs, norm_, head_);
    times_.ended(Phase::norms);
    product(head_, batch.outputs, logits_, logits_stride_, Epilogue::store);
    times_.ended(Phase::head);
    logits_rows_ = batch.outputs;
}

// ---- activations -------------------------------------------------------------------------------------------------

Activations Decoder::activations(const Matrix& matrix) const {
    return {values_[current_], scales_[current_], corrections_[current_], floats_[current_], matrix.inputs, matrix.inputs / kActivationGroup};
}

// The other set of buffers becomes the current one once it is written.
ActivationsOut Decoder::activations_for(const Matrix& next, uint32_t rows) {
    const int other = 1 - current_;
    return {values_[other], scales_[other], corrections_[other], floats_[other], next.inputs,
            next.inputs / kActivationGroup, rows, is_quantized(next.type)};
}

void Decoder::take_row(const float* row, uint32_t at, uint32_t width, const ActivationsOut& next) {
    if (next.quantized) kernels_.quantize(row, width, at, next);
    else std::memcpy(next.floats + at * next.stride, row, width * sizeof(float));
}

void Decoder::norm_rows(const float* x, uint32_t rows, const float* weight, const Matrix& next) {
    const uint32_t h = shape_.hidden_size;
    const ActivationsOut to = activations_for(next, rows);
    for_rows(rows, 16, [&](uint32_t row, int worker) {
        float* normed = scratch(worker);
        kernels_.rms_norm(x + size_t(row) * h, weight, h, shape_.rms_norm_eps, normed);
        take_row(normed, row, h, to);
    });
    current_ = 1 - current_;
}

void Decoder::plain_rows(const float* x, size_t stride, uint32_t rows, const Matrix& next) {
    const ActivationsOut to = activations_for(next, rows);
    for_rows(rows, 16, [&](uint32_t row, int) { take_row(x + row * stride, row, uint32_t(stride), to); });
    current_ = 1 - current_;
}

void Decoder::product(const Matrix& matrix, uint32_t rows, float* out, size_t out_stride, Epilogue epilogue) {
    GemmTask task{};
    task.matrix = matrix;
    task.epilogue = epilogue;
    task.out = out;
    task.out_stride = out_stride;
    run_product(task, rows);
}

void Decoder::gated_product(const Matrix& gate_up, uint32_t rows, const Matrix& next) {
    GemmTask task{};
    task.matrix = gate_up;
    task.epilogue = Epilogue::swiglu;
    task.next = activations_for(next, rows);
    run_product(task, rows);
    current_ = 1 - current_;
}

void Decoder::run_product(GemmTask task, uint32_t rows) {
    task.activations = activations(task.matrix);
    task.rows = rows;
    if (rows > 0) products_->run(task);  // otherwise no logits are wanted
}

// ---- attention ---------------------------------------------------------------------------------------------------

void Decoder::place_keys_and_values(const Batch& batch, const Layer& layer, uint32_t index) {
    const uint32_t d = shape_.head_dim, half = d / 2, heads = shape_.heads, kv_heads = shape_.kv_heads;
    const uint32_t rotated = heads + kv_heads;  // queries and keys stand together, values behind them
    for_rows(batch.rows, kBlockTokens, [&](uint32_t row, int) {  // who shares a block of keys writes into the same lines
        float* qkv = qkv_ + row * qkv_width_;
        if (layer.qkv_bias)
            for (size_t i = 0; i < qkv_width_; ++i) qkv[i] += layer.qkv_bias[i];
        const uint32_t position = uint32_t(batch.positions[row]);
        const float *cos = rope_.cos.data() + size_t(position) * half, *sin = rope_.sin.data() + size_t(position) * half;
        if (layer.q_norm)
            for (uint32_t i = 0; i < rotated; ++i)
                kernels_.rms_norm(qkv + i * d, i < heads ? layer.q_norm : layer.k_norm, d, shape_.rms_norm_eps, qkv + i * d);
        kernels_.rope(qkv, rotated, cos, sin, half);
        kernels_.prepare_queries(qkv, heads, d, kv_.type());
        const int32_t* span = std::upper_bound(batch.spans, batch.spans + batch.sequences + 1, int32_t(row)) - 1;
        const int32_t* table = batch.block_tables + size_t(span - batch.spans) * batch.table_width;
        const size_t block = size_t(table[position / kBlockTokens]);
        for (uint32_t k = 0; k < kv_heads; ++k)
            kernels_.store_kv(qkv + (heads + k) * d, qkv + (rotated + k) * d, d, position % kBlockTokens, kv_.type(),
                              kv_.at(index, k) + block * kv_.block_bytes());
    });
}

void Decoder::plan_attention(const Batch& batch, bool outputs_only) {
    units_.clear();
    const int32_t *output = batch.output_rows, *outputs_end = output + batch.outputs;
    for (uint32_t s = 0; s < batch.sequences; ++s) {
        const int32_t begin = batch.spans[s], end = batch.spans[s + 1];
        if (!outputs_only) {
            plan_tokens(batch, s, begin, end);
            continue;
        }
        while (output < outputs_end && *output < end) {  // neighbours are planned together
            const int32_t first = *output;
            int32_t behind = first;
            for (; output < outputs_end && *output == behind && behind < end; ++output) ++behind;
            plan_tokens(batch, s, first, behind);
        }
    }
    uint32_t most_chunks = 1;
    for (const AttentionUnit& unit : units_) most_chunks = std::max(most_chunks, unit.chunks);
    // The costly ones first, so that the end of the phase is even.
    std::stable_sort(units_.begin(), units_.end(), [](const AttentionUnit& a, const AttentionUnit& b) { return a.chunks > b.chunks; });
    // Too few units for the threads and long contexts: each chunk becomes a piece of its own. The same arithmetic.
    chunks_apart_ = most_chunks > 1 && units_.size() < 4 * size_t(pool_.threads()) && pool_.threads() > 1;
    if (!chunks_apart_) return;
    size_t floats = 0;
    for (AttentionUnit& unit : units_) {
        unit.partials = floats;
        floats += size_t(unit.row_end - unit.row_begin) * unit.chunks * attention_state_floats(shape_.head_dim);
    }
    partials_.resize(floats);
}

// Rows [first, end) of the batch, of one sequence.
void Decoder::plan_tokens(const Batch& batch, uint32_t sequence, int32_t first, int32_t end) {
    const uint32_t group = shape_.heads / shape_.kv_heads, rows_a_unit = unit_rows(shape_);
    const uint32_t rows_end = uint32_t(end - batch.spans[sequence]) * group;
    for (uint32_t begin = uint32_t(first - batch.spans[sequence]) * group; begin < rows_end; begin += rows_a_unit) {
        const uint32_t unit_end = std::min(rows_end, begin + rows_a_unit);
        const uint32_t last = uint32_t(batch.positions[batch.spans[sequence]]) + (unit_end - 1) / group;
        for (uint32_t k = 0; k < shape_.kv_heads; ++k) units_.push_back({sequence, k, begin, unit_end, last / kAttentionChunk + 1, 0});
    }
}

void Decoder::attend(const Batch& batch, uint32_t layer) {
    if (chunks_apart_) return attend_apart(batch, layer);
    pool_.run(int(units_.size()), [&](int piece, int worker) { attend_unit(batch, units_[piece], layer, worker); });
}

AttentionTask Decoder::attention_task(const Batch& batch, const AttentionUnit& unit, uint32_t layer) const {
    const int32_t first = batch.spans[unit.sequence];
    return {qkv_ + first * qkv_width_,
            qkv_width_,
            shape_.heads / shape_.kv_heads,
            unit.kv_head,
            shape_.head_dim,
            uint32_t(batch.positions[first]),
            unit.row_begin,
            unit.row_end,
            kv_.at(layer, unit.kv_head),
            kv_.block_bytes(),
            batch.block_tables + size_t(unit.sequence) * batch.table_width,
            kv_.type(),
            1.0f / __builtin_sqrtf(float(shape_.head_dim))};
}

void Decoder::finish_rows(const AttentionTask& task, const float* states, uint32_t first_row) {
    const uint32_t group = task.heads_per_kv;
    for (uint32_t row = task.row_begin; row < task.row_end; ++row, states += attention_state_floats(task.head_dim)) {
        const uint32_t head = task.kv_head * group + row % group;
        kernels_.attention_finish(task.head_dim, states, attn_ + size_t(first_row + row / group) * attn_width_ + head * task.head_dim);
    }
}

void Decoder::attend_unit(const Batch& batch, const AttentionUnit& unit, uint32_t layer, int worker) {
    const AttentionTask task = attention_task(batch, unit, layer);
    const uint32_t rows = unit.row_end - unit.row_begin;
    float* wide = scratch(worker);
    float* states = wide + attention_wide_floats(shape_.head_dim);
    float* later = states + rows * attention_state_floats(shape_.head_dim);
    kernels_.attention_chunk(task, 0, states, wide);
    for (uint32_t chunk = 1; chunk < unit.chunks; ++chunk) {
        kernels_.attention_chunk(task, chunk, later, wide);
        kernels_.attention_merge(shape_.head_dim, rows, states, later);
    }
    finish_rows(task, states, uint32_t(batch.spans[unit.sequence]));
}

void Decoder::attend_apart(const Batch& batch, uint32_t layer) {
    const size_t state = attention_state_floats(shape_.head_dim);
    struct Piece {
        const AttentionUnit* unit;
        uint32_t chunk;
    };
    std::vector<Piece> pieces;
    for (const AttentionUnit& unit : units_)
        for (uint32_t chunk = 0; chunk < unit.chunks; ++chunk) pieces.push_back({&unit, chunk});
    auto states_of = [&](const AttentionUnit& unit, uint32_t chunk) {
        return partials_.data() + unit.partials + size_t(chunk) * (unit.row_end - unit.row_begin) * state;
    };
    pool_.run(int(pieces.size()), [&](int index, int worker) {
        const auto [unit, chunk] = pieces[index];
        kernels_.attention_chunk(attention_task(batch, *unit, layer), chunk, states_of(*unit, chunk), scratch(worker));
    });
    pool_.run(int(units_.size()), [&](int index, int) {
        const AttentionUnit& unit = units_[index];
        float* states = states_of(unit, 0);
        for (uint32_t chunk = 1; chunk < unit.chunks; ++chunk)
            kernels_.attention_merge(shape_.head_dim, unit.row_end - unit.row_begin, states, states_of(unit, chunk));
        finish_rows(attention_task(batch, unit, layer), states, uint32_t(batch.spans[unit.sequence]));
    });
}

}  // namespace qingmo
