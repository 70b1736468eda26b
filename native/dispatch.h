// The table of kernels, and the one place that decides which instruction set fills it.
//
// Plain data only: this header is included by the files compiled for AVX2 and more, so it must bring in no inline code that
// the linker could then pick for the rest of the program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qingmo {

constexpr int kLanes = 16;             // floats in a vector, on every instruction set; also output columns in a tile
constexpr int kActivationGroup = 64;   // inputs that share one activation scale
constexpr int kInt6Group = 64;         // inputs that share one int6 weight scale
constexpr int kInt4Group = 32;         // the same of int4
constexpr int kBlockTokens = 16;       // tokens in a KV block: one tile of keys
constexpr int kAttentionChunk = 256;   // keys after which a softmax is closed and merged, whoever computes it
constexpr int kMaxHeadDim = 256;
constexpr int kGemmRowBlock = 512;     // most rows of one gemm call: their carries stay in L2
constexpr int kRowTile = 16;           // rows of int8 activations that stand together
constexpr int kGemmPanel = 2;          // tiles of 16 columns that all rows are multiplied with before the next are fetched
constexpr int kMostStreams = 4;        // tiles that are read side by side where few rows use each weight once

enum class ElementType : uint32_t { int8, int6, int4, float32, float16, bfloat16 };  // the quantized ones first
static constexpr bool is_quantized(ElementType type) { return type <= ElementType::int4; }

// Of keys and values. int16 are whole numbers with one scale a token: kernels/attention_int16.h.
enum class CacheType : uint32_t { int16, float16, float32 };

// What attention goes over fastest: ARM multiplies floats faster than whole numbers of 16 bits, x86 the other way round. One
// for all instruction sets of a processor, so that they give the same bits.
#if defined(__aarch64__)
constexpr CacheType kFastestCache = CacheType::float16;
#else
constexpr CacheType kFastestCache = CacheType::int16;
#endif

// Rows of activations, as `quantize` writes them or as plain floats.
// 16 int8 rows make a tile, the last tile what is left: w rows. A tile goes by activation groups of 64 inputs, so that the
// gemm walks one pointer; tile i begins where row 16i would.
struct Activations {
    const int8_t* values;        // tiles of [groups][w][64] int8
    const float* scales;         // tiles of [groups][w]: one per row and 64 inputs
    const int32_t* corrections;  // tiles of [groups][w][2]: -128 * (sum of the group's values), as weights are stored plus 128;
                                 // and the same of its first 32 values, as int4 weights change their scale there
    const float* floats;         // [rows][stride] float32, for unquantized weights
    size_t stride;               // elements from a row to the next
    size_t groups;               // stride / 64
};

// A packed matrix: tiles of 16 output columns, one after the other.
// int8: for each weight group 16 floats, then [inputs / 4][16 columns][4 inputs] bytes of w + 128. The floats of the
// first group are the columns' scales in the last one; those of every other the scales before it over its own.
// int4: [inputs / 32][16] float16 scales; then for each 32 inputs 4 times 64 bytes of [16 columns][4 inputs]: the low
// halves of the first 64 bytes are inputs 0 to 3, as w + 8, their high halves 16 to 19.
// int6: [inputs / 64][16] float16 scales; then for each 64 inputs 8 times 64 bytes of [16 columns][4 inputs] with the lower
// four bits of w + 32: the low halves of the first 64 bytes are inputs 0 to 3, their high halves 32 to 35; and 4 times 64
// bytes with the upper two bits: the lowest pairs of the first 64 bytes are inputs 0 to 3, the next 16 to 19, then 32 and 48.
// others: [inputs][16 columns].
struct Matrix {
    const uint8_t* tiles;
    size_t tile_bytes;
    ElementType type;
    uint32_t outputs;       // columns that mean something; the last tile may have fewer than 16
    uint32_t inputs;        // as stored: of a quantized matrix a multiple of 64
    uint32_t weight_group;  // inputs that share one weight scale (int8); `inputs` when a column has one scale
};

// Bytes of a tile's scales where they are float16, one for every `group` inputs and column.
static constexpr size_t half_scale_bytes(size_t inputs, size_t group) { return inputs / group * kLanes * sizeof(uint16_t); }

// Where rows of activations are written: the same buffers as Activations, and how many rows there will be.
struct ActivationsOut {
    int8_t* values;
    float* scales;
    int32_t* corrections;
    float* floats;
    size_t stride, groups;
    uint32_t rows;
    bool quantized;  // as int8; otherwise as floats
};

enum class Epilogue : uint32_t {
    store,   // out = product
    add,     // out += product
    swiglu,  // tiles alternate between gate and up: silu(gate) * up becomes the activations of the next product
};

// Tiles of gate and up that make one activation group of the next product.
constexpr uint32_t kGatedTiles = 2 * kActivationGroup / kLanes;

// Floats that a gemm needs: running sums [kGemmRowBlock][kGemmPanel][16], and one group of gated rows.
constexpr size_t kGemmScratch = size_t(kGemmRowBlock) * (kGemmPanel * kLanes + kActivationGroup);

struct GemmTask {
    Activations activations;
    Matrix matrix;
    uint32_t rows;                  // of all activations
    uint32_t row_begin, row_end;    // of them, at most kGemmRowBlock; row_begin a multiple of kRowTile
    uint32_t tile_begin, tile_end;  // tile_begin a multiple of kGatedTiles for swiglu
    Epilogue epilogue;
    float* out;                     // store, add: [rows][out_stride]; a row has room for whole tiles
    size_t out_stride;
    ActivationsOut next;            // swiglu
    float* scratch;                 // [kGemmScratch]
};

// The same task, but its products alone, into sums [rows][stride], from its first row and tile on.
static inline GemmTask products_only(GemmTask task, float* sums, size_t stride) {
    task.epilogue = Epilogue::store;
    task.out = sums - task.row_begin * stride - size_t(task.tile_begin) * kLanes;
    task.out_stride = stride;
    return task;
}

// Query rows of one sequence against one head of its cached keys and values.
// "Row" here is a pair (token, query head): the heads that share a key/value head stand together.
struct AttentionTask {
    const float* queries;       // as prepare_queries leaves them; head h of token t at queries + t * stride + h * head_dim
    size_t query_stride;
    uint32_t heads_per_kv, kv_head, head_dim;
    uint32_t first_position;    // of the sequence's first token
    uint32_t row_begin, row_end;  // row r is token r / heads_per_kv, head r % heads_per_kv
    const uint8_t* blocks;      // the KV pool, at this layer and key/value head
    size_t block_bytes;         // from a block to the next
    const int32_t* block_table;
    CacheType type;             // of what a block holds: KvPool
    float scale;
};

// Running softmax of one row: [max, sum, 14 unused, weighted sum of values[head_dim]].
static constexpr size_t attention_state_floats(uint32_t head_dim) { return kLanes + head_dim; }

// A chunk's keys and values as floats.
static constexpr size_t attention_wide_floats(uint32_t head_dim) { return size_t(2) * kAttentionChunk * head_dim; }

// Keys and values of a block in one layer and head.
static constexpr size_t kv_head_bytes(uint32_t head_dim, CacheType type) {
    const size_t elements = size_t(2) * kBlockTokens * head_dim;
    if (type == CacheType::int16) return elements * sizeof(int16_t) + 2 * kBlockTokens * sizeof(float);  // a scale a token
    return elements * (type == CacheType::float32 ? sizeof(float) : sizeof(uint16_t));
}

using GemmKernel = void (*)(const GemmTask&);
using AttentionKernel = void (*)(const AttentionTask&, uint32_t chunk, float* states, float* wide);
using MultiplyAddKernel = uint64_t (*)(uint32_t rounds);

struct Kernels {
    const char* name;

    // Multiply-adds of one gemm call: some 100 us on a slow core, or what keeps the weights in its cache longest.
    size_t gemm_piece;
    GemmKernel gemm;
    // What gemm does with a task's products, where they are there already: [rows][stride], from its first row and tile on.
    void (*apply_epilogue)(const GemmTask&, const float* products, size_t stride);
    // Softmax over keys [256 * chunk, 256 * chunk + 256) for each row, into states [rows][attention_state_floats]; a row
    // that sees none of them gets the sum 0. wide: scratch of attention_wide_floats.
    AttentionKernel attention_chunk;
    // Fold `later` into `state`, both [rows][attention_state_floats]; chunks must be folded in order.
    void (*attention_merge)(uint32_t head_dim, uint32_t rows, float* state, const float* later);
    void (*attention_finish)(uint32_t head_dim, const float* state, float* out);

    // out = x / rms(x) * weight over n floats (n a multiple of 16).
    void (*rms_norm)(const float* x, const float* weight, uint32_t n, float eps, float* out);
    // Row `row` of the activations: n floats, a multiple of 16, to int8; the last group is filled up with zeros.
    void (*quantize)(const float* x, uint32_t n, uint32_t row, const ActivationsOut&);
    // In each of `heads` heads of 2 * half floats, rotate the pairs (x[i], x[i + half]) by the angles whose cosine and sine
    // are given, [half] each; in place.
    void (*rope)(float* x, uint32_t heads, const float* cos, const float* sin, uint32_t half);
    // In place: the queries of `heads` heads as the attention over a KV cache of that type takes them.
    void (*prepare_queries)(float* x, uint32_t heads, uint32_t head_dim, CacheType);
    // One token's key and value, [head_dim] each, into slot `slot` of a block at one layer and head.
    void (*store_kv)(const float* key, const float* value, uint32_t head_dim, uint32_t slot, CacheType, uint8_t* block);
    // Column `column` of a packed matrix as floats: the embedding of a token.
    void (*read_column)(const Matrix&, uint32_t column, float* out);

    // Over logits [n], n a multiple of 16, ids whose bit in mask is 0 left out.
    void (*best)(const float* logits, const uint32_t* mask, uint32_t n, float* value, uint32_t* id);
    // Sum of exp((logit - max) * inverse_temperature).
    float (*sum_exp)(const float* logits, const uint32_t* mask, uint32_t n, float max, float inverse_temperature);
    // Ids in [begin, end) above the threshold, ascending; returns how many. begin and end are multiples of 16.
    uint32_t (*above)(const float* logits, const uint32_t* mask, uint32_t begin, uint32_t end, float threshold, uint32_t* ids);
    // out = exp(x) over n floats, n a multiple of 16.
    void (*exp)(const float* x, uint32_t n, float* out);
    // A sum that no compiler can leave out: for probing how fast memory can be read. bytes a multiple of 256.
    uint64_t (*read_memory)(const uint8_t* data, size_t bytes);
    // Multiply-adds on registers alone, for probing how many a second there can be: those of quantized weights, of an int16
    // cache, and of all else. They return how many they made.
    MultiplyAddKernel multiply_add_int8, multiply_add_int16, multiply_add_floats;
};

// The kernels of `isa` ("scalar", "avx2", "avxvnni", "avx512", "amx", "neon"), or of the best this CPU has where isa is null.
// Null where the name is unknown or the CPU lacks it.
const Kernels* find_kernels(const char* isa);

// Names that this CPU can run, best first, ended by null.
const char* const* available_isas();

}  // namespace qingmo
