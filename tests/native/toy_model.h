// Small random models in packed files, and engines that run them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "decoder.h"
#include "temporary_file.h"

struct ToyConfig {
    const char* name;
    uint32_t hidden_size, intermediate_size, heads, kv_heads, head_dim;
    const char* kind;                            // of the matrices
    uint32_t qkv_group, o_group, down_group;     // weight groups of int8, 0: one scale a column; gate_up has one
    bool tied_head, qkv_bias, qk_norm;
    qingmo::CacheType kv_type;
};

// All kinds of weights, tied and untied heads, with and without biases and norms of queries and keys; hidden and
// intermediate sizes that are no multiple of 64.
const std::vector<ToyConfig>& toy_configs();

// A matrix as the kernels will see it, but for quantized ones, where it is what was quantized.
struct ToyMatrix {
    uint32_t outputs, inputs;
    std::vector<float> values;  // [outputs][inputs]
    float at(uint32_t output, uint32_t input) const { return values[size_t(output) * inputs + input]; }
};

struct ToyModel {
    explicit ToyModel(const ToyConfig& config, uint64_t seed = 1);
    bool quantized() const { return std::string(config.kind).substr(0, 3) == "int"; }

    ToyConfig config;
    qingmo::ModelShape shape;
    std::unordered_map<std::string, ToyMatrix> matrices;           // by tensor name
    std::unordered_map<std::string, std::vector<float>> vectors;
    std::unordered_map<std::string, qingmo::PackedTensor> tensors;
    std::unique_ptr<TemporaryFile> file;
};

constexpr uint32_t kToyPositions = 640, kToyRows = 576, kToyBlocks = 100;

// A decoder with its memory; the KV blocks begin full of NaN.
class ToyEngine {
   public:
    ToyEngine(const ToyModel& model, const qingmo::Kernels& kernels, int threads);

    qingmo::KvPool& kv() { return kv_; }
    qingmo::Decoder& decoder() { return decoder_; }
    const ToyModel& model() const { return model_; }

   private:
    const ToyModel& model_;
    qingmo::PackedFile file_;
    qingmo::KvPool kv_;
    qingmo::ThreadPool pool_;
    qingmo::Decoder decoder_;
};

struct ToySequence {
    std::vector<int32_t> token_ids;
    std::vector<int32_t> blocks;  // enough for all of them
    uint32_t begin = 0;           // the first position that is computed; what stands before is made up by fill_context
};

// `tokens` tokens from position `begin` on, in blocks of their own: those numbered from first_block up, permuted.
ToySequence toy_sequence(Random& random, const ToyModel& model, uint32_t tokens, uint32_t begin = 0, int first_block = 0);

// Random keys and values at positions before sequence.begin, the same ones for any blocks; NaN where `poison`.
void fill_context(ToyEngine& engine, const ToySequence& sequence, bool poison = false);

// Some consecutive tokens of a sequence, as one of the sequences of a batch.
struct ToyPart {
    const ToySequence* sequence;
    uint32_t begin, end;  // indices into token_ids
};

// The arrays behind a batch in which every row's output is wanted.
struct ToyBatch {
    explicit ToyBatch(const std::vector<ToyPart>& parts);
    qingmo::Batch view() const;

    std::vector<int32_t> token_ids, positions, spans, block_tables, output_rows;
    uint32_t table_width = 0;
};

// Logits of every row of a batch, [rows][vocabulary].
std::vector<float> forward(ToyEngine& engine, const std::vector<ToyPart>& parts);

// Logits of every token of a sequence, [tokens][vocabulary], computed `chunk` tokens at a time.
std::vector<float> forward_in_chunks(ToyEngine& engine, const ToySequence& sequence, uint32_t chunk);
