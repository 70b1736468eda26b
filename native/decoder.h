// Forward over a batch: the transformer of Qwen2 and its relatives (pre-norm, grouped-query attention with rotary
// positions, SwiGLU), over mapped weights and a paged KV cache.
#pragma once

#include <memory>
#include <vector>

#include "kv_pool.h"
#include "packed_file.h"
#include "phase_times.h"
#include "products.h"
#include "rope.h"
#include "thread_pool.h"

namespace qingmo {

struct ModelShape {
    uint32_t vocab_size, hidden_size, intermediate_size, layers, heads, kv_heads, head_dim;
    float rms_norm_eps;
    double rope_theta;
    bool tied_head, qkv_bias, qk_norm;
};

struct Limits {
    uint32_t rows;       // most rows of a batch
    uint32_t outputs;    // most rows whose logits are wanted at once
    uint32_t positions;  // most tokens of a sequence
};

// Views of the caller's arrays; what they mean stands at engine/runner.py: Batch.
struct Batch {
    const int32_t* token_ids;
    const int32_t* positions;
    uint32_t rows;
    const int32_t* spans;  // [sequences + 1]
    uint32_t sequences;
    const int32_t* block_tables;  // [sequences][table_width]
    uint32_t table_width;
    const int32_t* output_rows;
    uint32_t outputs;
};

class Decoder {
   public:
    // All must outlive the decoder. Throws std::runtime_error where the file does not hold this model.
    Decoder(const PackedFile& file, const ModelShape& shape, const Limits& limits, KvPool& kv, ThreadPool& pool, const Kernels& kernels);

    // Runs layers [begin, end). hidden_in: [rows][hidden], where begin is not 0. With hidden_out null the logits of
    // the output rows are left in logits(); otherwise their hidden state goes there, [outputs][hidden]: after the
    // final norm where end is the last layer's, before it elsewhere. Throws std::invalid_argument for a batch that
    // breaks the rules, before anything is written.
    void forward(const Batch& batch, uint32_t begin, uint32_t end, const float* hidden_in, float* hidden_out);

    float* logits(uint32_t output) { return logits_ + size_t(output) * logits_stride_; }
    uint32_t logits_width() const { return logits_stride_; }  // vocab_size rounded up to 16
    uint32_t logits_rows() const { return logits_rows_; }     // outputs of the last forward that left logits

    const PhaseTimes& phase_times() const { return times_; }  // of all forwards so far
    const ModelShape& shape() const { return shape_; }
    const Kernels& kernels() const { return kernels_; }
    ThreadPool& pool() { return pool_; }

   private:
    struct Layer {
        const float *attn_norm, *mlp_norm, *qkv_bias, *q_norm, *k_norm;  // the last three null where the model has none
        Matrix qkv, o, gate_up, down;  // gate_up: a tile of gate, a tile of up, and so on
    };
    // The rows (token, head of the group) of some tokens of one sequence against one key/value head.
    struct AttentionUnit {
        uint32_t sequence, kv_head, row_begin, row_end, chunks;
        size_t partials;  // where its states stand when its chunks are computed apart
    };

    void check(const Batch& batch, uint32_t begin, uint32_t end, const float* hidden_in, bool wants_logits) const;
    // Of all rows, or of the output rows alone.
    void plan_attention(const Batch& batch, bool outputs_only);
    void plan_tokens(const Batch& batch, uint32_t sequence, int32_t first, int32_t end);
    void embed(const Batch& batch);
    // Behind the last layer's keys and values only the output rows are worked out: they stand in the first rows then.
    void run_layer(const Batch& batch, const Layer& layer, uint32_t index, bool last);
    void keep_outputs(const Batch& batch);
    void finish(const Batch& batch, float* hidden_out);

    // Activations of the next product, quantized where the weights are.
    void norm_rows(const float* x, uint32_t rows, const float* weight, const Matrix& next);
    void plain_rows(const float* x, size_t stride, uint32_t rows, const Matrix& next);
    void take_row(const float* row, uint32_t at, uint32_t width, const ActivationsOut& next);
    Activations activations(const Matrix& matrix) const;
    ActivationsOut activations_for(const Matrix& next, uint32_t rows);

    void product(const Matrix& matrix, uint32_t rows, float* out, size_t out_stride, Epilogue epilogue);
    void gated_product(const Matrix& gate_up, uint32_t rows, const Matrix& next);
    void run_product(GemmTask task, uint32_t rows);
    void place_keys_and_values(const Batch& batch, const Layer& layer, uint32_t index);
    void attend(const Batch& batch, uint32_t layer);
    AttentionTask attention_task(const Batch& batch, const AttentionUnit& unit, uint32_t layer) const;
    void attend_unit(const Batch& batch, const AttentionUnit& unit, uint32_t layer, int worker);
    void attend_apart(const Batch& batch, uint32_t layer);
    void finish_rows(const AttentionTask& task, const float* states, uint32_t first_row);

    template <class Work>
    void for_rows(uint32_t rows, uint32_t rows_a_piece, const Work& work);
    float* scratch(int worker) { return scratch_ + size_t(worker) * scratch_floats_; }

    ModelShape shape_;
    Limits limits_;
    KvPool& kv_;
    ThreadPool& pool_;
    const Kernels& kernels_;
    PhaseTimes times_;
    RopeTable rope_;
    std::vector<Layer> layers_;
    Matrix embed_, head_;
    const float* norm_;

    std::vector<AttentionUnit> units_;
    bool chunks_apart_ = false;
    std::vector<float> partials_;

    // Buffers for limits_.rows rows, in one lazily touched piece of memory.
    size_t qkv_width_, attn_width_, values_width_;
    std::unique_ptr<LazyMemory> memory_;
    float *x_, *qkv_, *attn_, *logits_, *scratch_;
    // Two sets, because a product may write the activations of the next one while others still read its own.
    float *floats_[2], *scales_[2];
    int32_t* corrections_[2];
    int8_t* values_[2];
    int current_ = 0;
    uint32_t logits_stride_, logits_rows_ = 0;
    size_t scratch_floats_;
    std::unique_ptr<Products> products_;
};

}  // namespace qingmo
