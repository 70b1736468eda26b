// Python's view of the core. The only file that knows nanobind; it converts, and decides nothing.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unordered_map.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "decoder.h"
#include "packing.h"
#include "sampler.h"
#include "split_pattern.h"
#include "tokenizer.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace qingmo;

namespace {

template <class T, int Dimensions>
using View = nb::ndarray<const T, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
template <class T>
using Numpy = nb::ndarray<nb::numpy, T, nb::c_contig>;

template <class T>
Numpy<T> new_array(std::initializer_list<size_t> shape) {
    size_t count = 1;
    for (size_t n : shape) count *= n;
    T* data = new T[count];
    return Numpy<T>(data, shape, nb::capsule(data, [](void* p) noexcept { delete[] static_cast<T*>(p); }));
}

constexpr const char* kCacheTypes[] = {"int16", "float16", "float32"};  // as in CacheType

CacheType cache_type(const std::string& name) {
    for (uint32_t i = 0; i < std::size(kCacheTypes); ++i)
        if (name == kCacheTypes[i]) return CacheType(i);
    throw std::invalid_argument("the KV cache holds int16, float16 or float32, not " + name);
}

const Kernels& kernels_for(const std::optional<std::string>& isa) {
    const Kernels* kernels = find_kernels(isa ? isa->c_str() : nullptr);
    if (kernels) return *kernels;
    std::string names;
    for (const char* const* name = available_isas(); *name; ++name) names += std::string(names.empty() ? "" : ", ") + *name;
    throw std::invalid_argument("the instruction set " + *isa + " is unknown or not on this CPU; there are: " + names);
}

using TensorTuple = std::tuple<std::string, uint32_t, uint32_t, uint32_t, uint64_t, uint64_t>;

std::unordered_map<std::string, PackedTensor> to_tensors(const std::unordered_map<std::string, TensorTuple>& from) {
    std::unordered_map<std::string, PackedTensor> to;
    for (const auto& [name, t] : from)
        to[name] = {std::get<0>(t), std::get<1>(t), std::get<2>(t), std::get<3>(t), std::get<4>(t), std::get<5>(t)};
    return to;
}

// Everything a running model owns, in the order it must be torn down.
class PyDecoder {
   public:
    PyDecoder(const std::string& path, const std::unordered_map<std::string, TensorTuple>& tensors, const ModelShape& shape,
              const Limits& limits, uint32_t blocks, const std::string& kv_dtype, int threads, const std::optional<std::string>& isa)
        : file_(path, to_tensors(tensors)),
          kv_(blocks, shape.layers, shape.kv_heads, shape.head_dim, cache_type(kv_dtype)),
          pool_(threads),
          decoder_(file_, shape, limits, kv_, pool_, kernels_for(isa)) {}

    nb::object forward(View<int32_t, 1> token_ids, View<int32_t, 1> positions, View<int32_t, 1> spans, View<int32_t, 2> tables,
                       View<int32_t, 1> output_rows, uint32_t begin, uint32_t end, std::optional<View<float, 2>> hidden_in, bool want_hidden) {
        const size_t rows = token_ids.shape(0), hidden = decoder_.shape().hidden_size;
        if (positions.shape(0) != rows || spans.shape(0) < 2 || tables.shape(0) != spans.shape(0) - 1)
            throw std::invalid_argument("batch: token_ids and positions must be equally long, and there must be one block table a span");
        if (hidden_in && (hidden_in->shape(0) != rows || hidden_in->shape(1) != hidden))
            throw std::invalid_argument("batch: hidden_in must be [rows, hidden]");
        const Batch batch{token_ids.data(), positions.data(), uint32_t(rows), spans.data(), uint32_t(tables.shape(0)),
                          tables.data(), uint32_t(tables.shape(1)), output_rows.data(), uint32_t(output_rows.shape(0))};
        const float* in = hidden_in ? hidden_in->data() : nullptr;
        if (!want_hidden) {
            nb::gil_scoped_release release;
            decoder_.forward(batch, begin, end, in, nullptr);
        } else {
            auto out = new_array<float>({batch.outputs, hidden});
            {
                nb::gil_scoped_release release;
                decoder_.forward(batch, begin, end, in, out.data());
            }
            return nb::cast(out);
        }
        return nb::none();
    }

    Numpy<float> logits(uint32_t output) {
        if (output >= decoder_.logits_rows()) throw std::out_of_range("no such output in the last forward");
        auto out = new_array<float>({decoder_.shape().vocab_size});
        std::memcpy(out.data(), decoder_.logits(output), size_t(decoder_.shape().vocab_size) * sizeof(float));
        return out;
    }

    // rows: (output, sampler, position in the output, mask or None); valid: the ids that have a token.
    using Row = std::tuple<uint32_t, Sampler*, uint32_t, std::optional<View<uint32_t, 1>>>;
    using Result = std::tuple<uint32_t, std::optional<float>, std::vector<std::pair<uint32_t, float>>>;
    std::vector<Result> sample(const std::vector<Row>& rows, View<uint32_t, 1> valid) {
        const uint32_t width = decoder_.logits_width();
        const size_t words = (width + 31) / 32;
        const std::vector<uint32_t> valid_bits = padded(valid, words);
        std::vector<std::vector<uint32_t>> masks(rows.size());
        for (size_t i = 0; i < rows.size(); ++i) {
            if (std::get<0>(rows[i]) >= decoder_.logits_rows()) throw std::out_of_range("no such output in the last forward");
            if (!std::get<3>(rows[i])) continue;
            masks[i] = padded(*std::get<3>(rows[i]), words);
            uint32_t any = 0;
            for (size_t w = 0; w < words; ++w) any |= masks[i][w] &= valid_bits[w];
            if (!any) throw std::invalid_argument("the mask allows no token");
        }
        std::vector<Sampled> sampled(rows.size());
        {
            nb::gil_scoped_release release;
            pool_.run(int(rows.size()), [&](int i, int) {
                const auto& [output, sampler, position, mask] = rows[i];
                sampled[i] = sampler->sample(decoder_.kernels(), decoder_.logits(output), width,
                                             mask ? masks[i].data() : valid_bits.data(), valid_bits.data(), position);
            });
        }
        std::vector<Result> results;
        for (Sampled& s : sampled) results.emplace_back(s.token, s.logprob, std::move(s.top));
        return results;
    }

    nb::bytes read_block(uint32_t id) {
        return nb::bytes(reinterpret_cast<const char*>(block(id)), kv_.block_bytes());
    }
    void write_block(uint32_t id, nb::bytes content) {
        if (content.size() != kv_.block_bytes()) throw std::invalid_argument("a KV block has " + std::to_string(kv_.block_bytes()) + " bytes");
        std::memcpy(block(id), content.c_str(), kv_.block_bytes());
    }
    void copy_block(uint32_t source, uint32_t target) { std::memmove(block(target), block(source), kv_.block_bytes()); }

    // Reads the whole mapped file with the pool's threads; seconds it took.
    double read_weights() {
        nb::gil_scoped_release release;
        constexpr size_t kPiece = 768 * 1024;
        const size_t pieces = file_.mapping().size() / kPiece;
        std::vector<uint64_t> sums(pieces);
        const int64_t begin = now_ns();
        pool_.run(int(pieces), [&](int i, int) { sums[i] = decoder_.kernels().read_memory(file_.mapping().data() + i * kPiece, kPiece); });
        return double(now_ns() - begin) * 1e-9;
    }

    // Multiply-adds a second that the pool's threads make together on registers alone.
    double multiply_add_rate(const std::string& of) {
        const Kernels& kernels = decoder_.kernels();
        const std::unordered_map<std::string, MultiplyAddKernel> probes = {
            {"int8", kernels.multiply_add_int8}, {"int16", kernels.multiply_add_int16}, {"float32", kernels.multiply_add_floats}};
        const auto found = probes.find(of);
        if (found == probes.end()) throw std::invalid_argument("multiply-adds are of int8, int16 or float32, not " + of);
        const MultiplyAddKernel probe = found->second;
        nb::gil_scoped_release release;
        constexpr int64_t kNanoseconds = 20'000'000;  // long enough for sleeping threads to wake
        constexpr uint32_t kRounds = 512;             // milliseconds where floats are multiplied by a library
        std::vector<uint64_t> made(pool_.threads());
        const int64_t begin = now_ns();
        pool_.run(pool_.threads(), [&](int i, int) {
            while (now_ns() - begin < kNanoseconds) made[i] += probe(kRounds);
        });
        return double(std::accumulate(made.begin(), made.end(), uint64_t(0))) / (double(now_ns() - begin) * 1e-9);
    }

    std::unordered_map<std::string, double> phase_seconds() const {
        std::unordered_map<std::string, double> seconds;
        for (size_t i = 0; i < kPhaseNames.size(); ++i) seconds[kPhaseNames[i]] = decoder_.phase_times().seconds(i);
        return seconds;
    }
    size_t block_bytes() const { return kv_.block_bytes(); }
    uint32_t blocks() const { return kv_.blocks(); }
    int threads() const { return pool_.threads(); }
    int64_t times_parked() const { return pool_.times_parked(); }
    const char* isa() const { return decoder_.kernels().name; }

   private:
    uint8_t* block(uint32_t id) {
        if (id >= kv_.blocks()) throw std::out_of_range("there is no KV block " + std::to_string(id));
        return kv_.block(id);
    }
    static std::vector<uint32_t> padded(const View<uint32_t, 1>& mask, size_t words) {
        std::vector<uint32_t> bits(words);
        std::memcpy(bits.data(), mask.data(), std::min(words, size_t(mask.shape(0))) * 4);
        return bits;
    }

    PackedFile file_;
    KvPool kv_;
    ThreadPool pool_;
    Decoder decoder_;
};

Numpy<uint8_t> py_quantize_int8(View<float, 2> weights, uint32_t weight_group, int threads) {
    const WeightRows rows{weights.data(), weights.shape(0), weights.shape(1)};
    const size_t group = weight_group ? weight_group : rows.padded_inputs();
    if (group % kActivationGroup || rows.padded_inputs() % group) throw std::invalid_argument("the weight group does not divide the row");
    auto out = new_array<uint8_t>({rows.tiles() * int8_tile_bytes(rows, group)});
    nb::gil_scoped_release release;
    ThreadPool pool(threads);
    quantize_int8(rows, group, out.data(), pool);
    return out;
}

// quantize_int6 or quantize_int4, and the bytes of its tiles.
template <size_t (*TileBytes)(const WeightRows&), void (*Quantize)(const WeightRows&, uint8_t*, ThreadPool&)>
Numpy<uint8_t> py_quantize(View<float, 2> weights, int threads) {
    const WeightRows rows{weights.data(), weights.shape(0), weights.shape(1)};
    auto out = new_array<uint8_t>({rows.tiles() * TileBytes(rows)});
    nb::gil_scoped_release release;
    ThreadPool pool(threads);
    Quantize(rows, out.data(), pool);
    return out;
}

Numpy<double> py_int8_errors(View<float, 2> weights, int threads) {
    auto out = new_array<double>({4});
    nb::gil_scoped_release release;
    ThreadPool pool(threads);
    int8_errors({weights.data(), weights.shape(0), weights.shape(1)}, out.data(), pool);
    return out;
}

std::vector<std::string> py_available_isas() {
    std::vector<std::string> names;
    for (const char* const* name = available_isas(); *name; ++name) names.emplace_back(*name);
    return names;
}

nb::bytes py_build_token_table(nb::bytes text, View<uint32_t, 1> offsets, View<uint32_t, 1> valid, View<uint32_t, 1> byte_tokens,
                               View<uint32_t, 2> merges, nb::bytes note) {
    if (offsets.shape(0) == 0 || valid.shape(0) != (offsets.shape(0) + 30) / 32 || byte_tokens.shape(0) != 256 || merges.shape(1) != 3)
        throw std::invalid_argument("token table: arrays of the wrong shape");
    const TokenTableParts parts{uint32_t(offsets.shape(0) - 1), offsets.data(), valid.data(), {text.c_str(), text.size()},
                                byte_tokens.data(), uint32_t(merges.shape(0)),
                                reinterpret_cast<const uint32_t(*)[3]>(merges.data()), {note.c_str(), note.size()}};
    const std::vector<uint8_t> file = build_token_table(parts);
    return nb::bytes(file.data(), file.size());
}

std::vector<uint32_t> py_encode(const TokenTable& table, nb::bytes text) {
    const std::string_view view{text.c_str(), text.size()};
    nb::gil_scoped_release release;
    return encode(table, view);
}

std::optional<nb::bytes> py_token_bytes(const TokenTable& table, int64_t id) {
    if (id < 0 || id > UINT32_MAX || !table.has(uint32_t(id))) return std::nullopt;
    const std::string_view bytes = table.bytes(uint32_t(id));
    return nb::bytes(bytes.data(), bytes.size());
}

Numpy<uint32_t> py_valid_ids(const TokenTable& table) {
    auto out = new_array<uint32_t>({(size_t(table.tokens()) + 31) / 32});
    std::memcpy(out.data(), table.valid(), out.nbytes());
    return out;
}

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "Qingmo's compiled core: kernels, decoder, sampler, packing.";

    m.def("available_isas", py_available_isas, "Instruction sets this CPU has kernels for, best first.");
    m.def("fastest_kv_dtype", [] { return kCacheTypes[uint32_t(kFastestCache)]; },
          "What attention goes over fastest on this processor: int16 or float16.");
    m.def("quantize_int8", py_quantize_int8, "weights"_a, "weight_group"_a, "threads"_a = 1,
          "Packed int8 tiles of weights [outputs, inputs] float32; weight_group 0: one scale a row.");
    m.def("quantize_int6", py_quantize<int6_tile_bytes, quantize_int6>, "weights"_a, "threads"_a = 1,
          "Packed int6 tiles of weights [outputs, inputs] float32, a searched scale for every 64 inputs.");
    m.def("quantize_int4", py_quantize<int4_tile_bytes, quantize_int4>, "weights"_a, "threads"_a = 1,
          "Packed int4 tiles of weights [outputs, inputs] float32, a searched scale for every 32 inputs.");
    m.def("int8_errors", py_int8_errors, "weights"_a, "threads"_a = 1,
          "Sums of squared rounding errors with groups of 32, 64, 128 inputs and one group a row.");

    m.def("character_class", [](uint32_t point) { return int(class_of(point)); }, "code_point"_a,
          "What the split pattern takes a character for: 0 anything else, 1 a letter, 2 a number, 3 white space.");
    m.def("build_token_table", py_build_token_table, nb::kw_only(), "text"_a, "offsets"_a, "valid"_a, "byte_tokens"_a, "merges"_a,
          "note"_a, "The content of a file for TokenTable; see TokenTableParts in native/token_table.h.");
    nb::class_<TokenTable>(m, "TokenTable")
        .def(nb::init<const std::string&>(), "path"_a)
        .def("encode", py_encode, "text"_a, "The ids of a text: UTF-8 in normal form C.")
        .def("token_bytes", py_token_bytes, "token_id"_a, "None for an id without a token.")
        .def("valid_ids", py_valid_ids, "uint32 words; bit i % 32 of word i // 32: id i has a token.")
        .def_prop_ro("note", [](const TokenTable& table) { return nb::bytes(table.note().data(), table.note().size()); });

    nb::class_<Sampler>(m, "Sampler")
        .def("__init__",
             [](Sampler* self, float temperature, float top_p, uint32_t top_k, float min_p, float repetition_penalty,
                float presence_penalty, float frequency_penalty, std::vector<std::pair<uint32_t, float>> logit_bias, int logprobs,
                uint64_t seed, uint32_t choice, View<int32_t, 1> prompt, uint32_t vocab_size) {
                 SamplingOptions options{temperature, top_p, min_p, top_k, repetition_penalty, presence_penalty, frequency_penalty,
                                         logprobs, seed, choice, std::move(logit_bias)};
                 new (self) Sampler(std::move(options), prompt.data(), prompt.shape(0), vocab_size);
             },
             nb::kw_only(), "temperature"_a, "top_p"_a, "top_k"_a, "min_p"_a, "repetition_penalty"_a, "presence_penalty"_a,
             "frequency_penalty"_a, "logit_bias"_a, "logprobs"_a, "seed"_a, "choice"_a, "prompt"_a, "vocab_size"_a)
        .def("append", &Sampler::append, "token_id"_a, "Count a token of the output.");

    nb::class_<PyDecoder>(m, "Decoder")
        .def("__init__",
             [](PyDecoder* self, const std::string& path, const std::unordered_map<std::string, TensorTuple>& tensors,
                uint32_t vocab_size, uint32_t hidden_size, uint32_t intermediate_size, uint32_t num_layers, uint32_t num_heads,
                uint32_t num_kv_heads, uint32_t head_dim, float rms_norm_eps, double rope_theta, bool tied_head, bool qkv_bias,
                bool qk_norm, uint32_t max_rows, uint32_t max_outputs, uint32_t max_positions, uint32_t num_blocks,
                const std::string& kv_dtype, int threads, const std::optional<std::string>& isa) {
                 const ModelShape shape{vocab_size, hidden_size, intermediate_size, num_layers, num_heads, num_kv_heads, head_dim,
                                        rms_norm_eps, rope_theta, tied_head, qkv_bias, qk_norm};
                 new (self) PyDecoder(path, tensors, shape, {max_rows, max_outputs, max_positions}, num_blocks, kv_dtype, threads, isa);
             },
             nb::kw_only(), "path"_a, "tensors"_a, "vocab_size"_a, "hidden_size"_a, "intermediate_size"_a, "num_layers"_a,
             "num_heads"_a, "num_kv_heads"_a, "head_dim"_a, "rms_norm_eps"_a, "rope_theta"_a, "tied_head"_a, "qkv_bias"_a,
             "qk_norm"_a, "max_rows"_a, "max_outputs"_a, "max_positions"_a, "num_blocks"_a, "kv_dtype"_a, "threads"_a,
             "isa"_a.none())
        .def("forward", &PyDecoder::forward, "token_ids"_a, "positions"_a, "spans"_a, "block_tables"_a, "output_rows"_a,
             "layer_begin"_a, "layer_end"_a, "hidden_in"_a.none(), "want_hidden"_a)
        .def("logits", &PyDecoder::logits, "output"_a)
        .def("sample", &PyDecoder::sample, "rows"_a, "valid"_a)
        .def("read_block", &PyDecoder::read_block, "block"_a)
        .def("write_block", &PyDecoder::write_block, "block"_a, "content"_a)
        .def("copy_block", &PyDecoder::copy_block, "source"_a, "target"_a)
        .def("read_weights", &PyDecoder::read_weights, "Read the mapped file once with all threads; seconds it took.")
        .def("multiply_add_rate", &PyDecoder::multiply_add_rate, "of"_a,
             "Multiply-adds a second that all threads make on registers alone: of int8, int16 or float32.")
        .def_prop_ro("phase_seconds", &PyDecoder::phase_seconds, "Seconds that each phase of all forwards so far has taken.")
        .def_prop_ro("block_bytes", &PyDecoder::block_bytes)
        .def_prop_ro("num_blocks", &PyDecoder::blocks)
        .def_prop_ro("threads", &PyDecoder::threads)
        .def_prop_ro("times_parked", &PyDecoder::times_parked)
        .def_prop_ro("isa", &PyDecoder::isa);
}
