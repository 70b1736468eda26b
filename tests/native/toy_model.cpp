#include "toy_model.h"

#include <cmath>
#include <cstring>

#include "numbers.h"
#include "packing.h"

using namespace qingmo;

const std::vector<ToyConfig>& toy_configs() {
    static const std::vector<ToyConfig> configs = {
        {"int8, tied, biases", 64, 128, 4, 2, 64, "int8", 64, 128, 64, true, true, false, CacheType::int16},
        {"int8, untied, norms", 80, 112, 2, 1, 128, "int8", 0, 64, 64, false, false, true, CacheType::float16},
        {"float32, untied, norms", 96, 112, 2, 1, 128, "float32", 0, 0, 0, false, false, true, CacheType::float32},
        {"float16, tied, biases", 64, 80, 4, 2, 64, "float16", 0, 0, 0, true, true, false, CacheType::float32},
        {"bfloat16, untied, both", 64, 96, 4, 1, 64, "bfloat16", 0, 0, 0, false, true, true, CacheType::float16},
        {"int4, tied, biases", 64, 128, 4, 2, 64, "int4", 0, 0, 0, true, true, false, CacheType::float16},
        {"int4, untied, norms", 80, 112, 2, 1, 128, "int4", 0, 0, 0, false, false, true, CacheType::int16},
    };
    return configs;
}

namespace {

class Writer {
   public:
    Writer(ToyModel& model, Random& random) : model_(model), random_(random) {}

    void vector(const std::string& name, uint32_t length, float mean, float spread) {
        std::vector<float> values = random_.normals(length, spread);
        for (float& v : values) v += mean;
        place(name, {"vector", length, 0, 0, 0, length * sizeof(float)}, values.data());
        model_.vectors[name] = std::move(values);
    }

    void matrix(const std::string& name, uint32_t outputs, uint32_t inputs, uint32_t group) {
        ToyMatrix matrix{outputs, inputs, random_.normals(size_t(outputs) * inputs, 1 / std::sqrt(float(inputs)))};
        const std::string kind = kind_of(name);
        const std::vector<uint8_t> tiles = kind == "int8"   ? int8_tiles(matrix, group)
                                           : kind == "int6" ? tiles_of<int6_tile_bytes, quantize_int6>(matrix)
                                           : kind == "int4" ? tiles_of<int4_tile_bytes, quantize_int4>(matrix)
                                                            : float_tiles(matrix, kind);
        place(name, {kind, outputs, inputs, group, 0, tiles.size()}, tiles.data());
        model_.matrices[name] = std::move(matrix);
    }

    const std::vector<uint8_t>& bytes() const { return bytes_; }

   private:
    void place(const std::string& name, PackedTensor tensor, const void* content) {
        tensor.offset = bytes_.size();
        bytes_.resize((bytes_.size() + tensor.size + 63) / 64 * 64);
        std::memcpy(&bytes_[tensor.offset], content, tensor.size);
        model_.tensors[name] = tensor;
    }

    // With int4 the embedding and the head are int6.
    std::string kind_of(const std::string& name) const {
        const std::string kind = model_.config.kind;
        return kind == "int4" && (name == "embed" || name == "head") ? "int6" : kind;
    }

    static std::vector<uint8_t> int8_tiles(const ToyMatrix& matrix, uint32_t group) {
        const WeightRows rows{matrix.values.data(), matrix.outputs, matrix.inputs};
        const size_t size = group ? group : rows.padded_inputs();
        std::vector<uint8_t> tiles(rows.tiles() * int8_tile_bytes(rows, size));
        ThreadPool pool(1);
        quantize_int8(rows, size, tiles.data(), pool);
        return tiles;
    }

    template <size_t (*TileBytes)(const WeightRows&), void (*Quantize)(const WeightRows&, uint8_t*, ThreadPool&)>
    static std::vector<uint8_t> tiles_of(const ToyMatrix& matrix) {
        const WeightRows rows{matrix.values.data(), matrix.outputs, matrix.inputs};
        std::vector<uint8_t> tiles(rows.tiles() * TileBytes(rows));
        ThreadPool pool(1);
        Quantize(rows, tiles.data(), pool);
        return tiles;
    }

    // [tile][inputs][16]; values are changed to what the narrower type holds.
    std::vector<uint8_t> float_tiles(ToyMatrix& matrix, const std::string& kind) {
        const size_t width = kind == "float32" ? 4 : 2, inputs = matrix.inputs;
        std::vector<uint8_t> tiles((matrix.outputs + 15) / 16 * 16 * inputs * width);
        for (uint32_t output = 0; output < matrix.outputs; ++output)
            for (uint32_t k = 0; k < inputs; ++k) {
                float& value = matrix.values[output * inputs + k];
                uint16_t narrow = uint16_t(bits_of_float(value) >> 16);
                if (kind == "bfloat16") value = float(bfloat16_value(narrow));
                if (kind == "float16") narrow = random_half(value);
                uint8_t* at = &tiles[(output / 16 * 16 * inputs + k * 16 + output % 16) * width];
                if (width == 4) std::memcpy(at, &value, 4);
                else std::memcpy(at, &narrow, 2);
            }
        return tiles;
    }
    // A half of about the size of a weight; `value` becomes it.
    uint16_t random_half(float& value) {
        const uint16_t half = uint16_t(half_at_random_scale(random_.bits()) - (3 << 10));
        value = float(half_value(half));
        return half;
    }

    ToyModel& model_;
    Random& random_;
    std::vector<uint8_t> bytes_;
};

}  // namespace

ToyModel::ToyModel(const ToyConfig& c, uint64_t seed)
    : config(c),
      shape{203, c.hidden_size, c.intermediate_size, 2, c.heads, c.kv_heads, c.head_dim, 1e-6f, 1e6, c.tied_head, c.qkv_bias, c.qk_norm} {
    Random random(seed);
    Writer writer(*this, random);
    const uint32_t q = c.heads * c.head_dim, qkv = q + 2 * c.kv_heads * c.head_dim, h = c.hidden_size;
    for (uint32_t i = 0; i < shape.layers; ++i) {
        const std::string p = "layers." + std::to_string(i) + ".";
        writer.vector(p + "attn_norm", h, 1, 0.2f);
        writer.vector(p + "mlp_norm", h, 1, 0.2f);
        if (c.qkv_bias) writer.vector(p + "qkv_bias", qkv, 0, 0.5f);
        if (c.qk_norm) writer.vector(p + "q_norm", c.head_dim, 1, 0.2f), writer.vector(p + "k_norm", c.head_dim, 1, 0.2f);
        writer.matrix(p + "qkv", qkv, h, c.qkv_group);
        writer.matrix(p + "o", h, q, c.o_group);
        writer.matrix(p + "gate_up", 2 * c.intermediate_size, h, 0);
        writer.matrix(p + "down", h, c.intermediate_size, c.down_group);
    }
    writer.vector("norm", h, 1, 0.2f);
    writer.matrix("embed", shape.vocab_size, h, 0);
    if (!c.tied_head) writer.matrix("head", shape.vocab_size, h, 0);
    file = std::make_unique<TemporaryFile>(writer.bytes());
}

ToyEngine::ToyEngine(const ToyModel& model, const Kernels& kernels, int threads)
    : model_(model),
      file_(model.file->path(), model.tensors),
      kv_(kToyBlocks, model.shape.layers, model.shape.kv_heads, model.shape.head_dim, model.config.kv_type),
      pool_(threads),
      decoder_(file_, model.shape, {kToyRows, kToyRows, kToyPositions}, kv_, pool_, kernels) {
    std::memset(kv_.block(0), 0xff, kv_.block_bytes() * kv_.blocks());
}

ToySequence toy_sequence(Random& random, const ToyModel& model, uint32_t tokens, uint32_t begin, int first_block) {
    ToySequence sequence;
    sequence.begin = begin;
    for (uint32_t i = 0; i < tokens; ++i) sequence.token_ids.push_back(int32_t(random.below(model.shape.vocab_size)));
    sequence.blocks = random.permutation(int(begin + tokens + 15) / 16);
    for (int32_t& block : sequence.blocks) block += first_block;
    return sequence;
}

void fill_context(ToyEngine& engine, const ToySequence& sequence, bool poison) {
    const ModelShape& shape = engine.model().shape;
    Random random(sequence.begin);
    std::vector<float> key, value;
    for (uint32_t layer = 0; layer < shape.layers; ++layer)
        for (uint32_t head = 0; head < shape.kv_heads; ++head)
            for (uint32_t position = 0; position < sequence.begin; ++position) {
                key = poison ? std::vector<float>(shape.head_dim, NAN) : random.normals(shape.head_dim);
                value = poison ? key : random.normals(shape.head_dim);
                uint8_t* block = engine.kv().at(layer, head) + size_t(sequence.blocks[position / 16]) * engine.kv().block_bytes();
                scalar_kernels().store_kv(key.data(), value.data(), shape.head_dim, position % 16, engine.kv().type(), block);
            }
}

ToyBatch::ToyBatch(const std::vector<ToyPart>& parts) : spans{0} {
    for (const ToyPart& part : parts) table_width = std::max(table_width, uint32_t(part.sequence->blocks.size()));
    for (const ToyPart& part : parts) {
        for (uint32_t i = part.begin; i < part.end; ++i) {
            token_ids.push_back(part.sequence->token_ids[i]);
            positions.push_back(int32_t(part.sequence->begin + i));
            output_rows.push_back(int32_t(output_rows.size()));
        }
        spans.push_back(int32_t(token_ids.size()));
        block_tables.insert(block_tables.end(), part.sequence->blocks.begin(), part.sequence->blocks.end());
        block_tables.resize((spans.size() - 1) * table_width, -1);
    }
}

Batch ToyBatch::view() const {
    return {token_ids.data(), positions.data(), uint32_t(token_ids.size()), spans.data(), uint32_t(spans.size() - 1),
            block_tables.data(), table_width, output_rows.data(), uint32_t(output_rows.size())};
}

std::vector<float> forward(ToyEngine& engine, const std::vector<ToyPart>& parts) {
    const ToyBatch batch(parts);
    const ModelShape& shape = engine.model().shape;
    engine.decoder().forward(batch.view(), 0, shape.layers, nullptr, nullptr);
    CHECK_EQUAL(engine.decoder().logits_rows(), batch.view().outputs);
    std::vector<float> logits;
    for (uint32_t row = 0; row < batch.view().outputs; ++row) {
        const float* at = engine.decoder().logits(row);
        logits.insert(logits.end(), at, at + shape.vocab_size);
    }
    return logits;
}

std::vector<float> forward_in_chunks(ToyEngine& engine, const ToySequence& sequence, uint32_t chunk) {
    std::vector<float> all;
    const uint32_t tokens = uint32_t(sequence.token_ids.size());
    for (uint32_t begin = 0; begin < tokens; begin += chunk) {
        const std::vector<float> logits = forward(engine, {{&sequence, begin, std::min(tokens, begin + chunk)}});
        all.insert(all.end(), logits.begin(), logits.end());
    }
    return all;
}
