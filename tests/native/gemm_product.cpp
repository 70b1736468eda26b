#include "gemm_product.h"

#include <cmath>
#include <cstring>
#include <numeric>

#include "half.h"
#include "half_scaled_tile.h"
#include "int8_tile.h"
#include "numbers.h"

using namespace qingmo;

int Product::weight(uint32_t column, uint32_t input) const {
    const uint8_t* tile = weights.data() + column / 16 * tile_bytes();
    if (type == ElementType::int4) return int4_weight(tile, inputs, input, column % 16);
    if (type == ElementType::int6) return int6_weight(tile, inputs, input, column % 16);
    return int8_weight(tile, weight_group, input, column % 16);
}

double Product::float_weight(uint32_t column, uint32_t input) const {
    const size_t at = size_t(input) * 16 + column % 16;
    const uint8_t* tile = weights.data() + column / 16 * tile_bytes();
    if (type == ElementType::float32) return reinterpret_cast<const float*>(tile)[at];
    const uint16_t bits = reinterpret_cast<const uint16_t*>(tile)[at];
    return type == ElementType::float16 ? half_value(bits) : bfloat16_value(bits);
}

ActivationRows Product::activations() const {
    ActivationRows all(rows, inputs);
    for (uint32_t row = 0; row < quantized.size(); ++row) all.put(row, quantized[row]);
    std::copy(floats.begin(), floats.end(), all.floats.begin());
    return all;
}

Product Product::only(uint32_t row) const {
    Product p = *this;
    p.rows = 1;
    if (is_quantized(type)) p.quantized = {quantized[row]};
    else p.floats.assign(floats.begin() + long(row) * inputs, floats.begin() + long(row + 1) * inputs);
    return p;
}

namespace {

// lowest: of a byte, one int8 weight or parts of several others; the highest is 255 for all.
uint8_t weight_byte(Random& random, Pattern pattern, uint8_t lowest, size_t at) {
    if (pattern == Pattern::all_low) return lowest;
    if (pattern == Pattern::all_high) return 255;
    if (pattern == Pattern::opposed) return at % 2 ? 255 : lowest;
    return uint8_t(random.between(lowest, 255));
}

int8_t activation_byte(Random& random, Pattern pattern, size_t at) {
    if (pattern == Pattern::random) return int8_t(random.between(-127, 127));
    return pattern == Pattern::opposed && at % 2 ? -127 : 127;
}

float tame_scale(Random& random) { return 0.01f * float(random.unit() + 0.05); }

// As packing makes them: none below 2^-100 or 2^-24 of the column's largest.
std::vector<float> column_scales(Random& random, uint32_t groups, Scales scales) {
    std::vector<float> column(groups, 1);
    if (scales == Scales::unit) return column;
    const float size = scales == Scales::tame ? 1 : random.pick({1.0f, 1e-3f, 1e15f, 1e-25f});
    for (float& s : column) s = size * tame_scale(random) * (scales == Scales::tame ? 1 : random.pick({1.0f, 1.0f, 1e-3f, 0.0f}));
    const float smallest = std::max(*std::max_element(column.begin(), column.end()) * 0x1p-24f, 0x1p-100f);
    for (float& s : column) s = std::max(s, smallest);
    return column;
}

// As packing makes them: of both signs, and 0 where there is nothing.
uint16_t half_scale(Random& random, ElementType type, Scales scales) {
    if (scales == Scales::unit) return half_from_float(1);
    if (scales == Scales::tame) return half_from_float((type == ElementType::int4 ? 16 : 4) * tame_scale(random));  // weights are that much smaller
    const uint16_t subnormal = uint16_t(random.below(1024)), largest = 0x7bff;
    return random.pick({half_at_random_scale(random.bits()), subnormal, uint16_t(0x8000 | subnormal), largest, uint16_t(0)});
}

float activation_scale(Random& random, Scales scales) {
    if (scales == Scales::unit) return 1;
    if (scales == Scales::tame) return tame_scale(random);
    return std::fabs(random.normal()) * random.pick({1.0f, 1.0f, 1e-42f, 0.0f, 1e10f});
}

QuantizedRow quantized_row(Random& random, uint32_t inputs, Pattern pattern, Scales scales) {
    QuantizedRow row;
    for (uint32_t i = 0; i < inputs; ++i) row.values.push_back(activation_byte(random, pattern, i));
    for (auto at = row.values.begin(); at != row.values.end(); at += kActivationGroup) {
        row.scales.push_back(activation_scale(random, scales));
        for (int count : {64, 32}) row.corrections.push_back(-128 * std::accumulate(at, at + count, 0));
    }
    return row;
}

}  // namespace

uint32_t random_rows(Random& random) {
    constexpr uint32_t block = kGemmRowBlock;
    return random.pick<uint32_t>({1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 31, block - 1, block, block + 1, block + 2, block + 9});
}

namespace {

uint32_t random_tiles(Random& random) { return random.pick<uint32_t>({1, 2, 3, 4, 5, 7, 11}); }

QuantizedShape random_int8_shape(Random& random) {
    const uint32_t rows = random_rows(random), tiles = random_tiles(random);
    const uint32_t group = random.pick<uint32_t>({64, 128, 192, 1024, 0});
    // Past some 900 inputs the gemm cuts them, within a weight group or between two.
    const uint32_t inputs = group == 0            ? 64 * random.pick<uint32_t>({1, 2, 3, 7, 8, 9, 14, 17})
                            : group == 1024       ? 2048
                            : random.chance(0.25) ? group * (1000 / group + random.below(3))
                                                  : group * random.pick<uint32_t>({1, 2, 3, 7, 8, 9});
    return {ElementType::int8, rows, tiles, inputs, group ? group : inputs};
}

QuantizedShape random_half_scaled_shape(Random& random, ElementType type) {
    const uint32_t rows = random_rows(random), tiles = random_tiles(random);
    // Past some 500 inputs tile registers cut them, past some 1,800 vectors do.
    const uint32_t groups = random.chance(0.25) ? random.pick<uint32_t>({29, 30, 31, 32})
                                                : random.pick<uint32_t>({1, 2, 3, 7, 8, 9, 14, 17});
    return {type, rows, tiles, groups * 64, smallest_group(type)};
}

void make_int8_weights(Random& random, Product& p, Pattern pattern, Scales scales) {
    p.weights.resize(p.tiles * p.weight_groups() * int8_group_bytes(p.weight_group));
    for (size_t i = 0; i < p.weights.size(); ++i) p.weights[i] = weight_byte(random, pattern, 1, i);
    for (uint32_t column = 0; column < p.tiles * 16; ++column) {
        const std::vector<float> s = column_scales(random, p.weight_groups(), scales);
        put_int8_heads(&p.weights[column / 16 * p.tile_bytes()], p.weight_group, column % 16, s.data(), s.size());
        p.weight_scales.insert(p.weight_scales.end(), s.begin(), s.end());
    }
}

void make_half_scaled_weights(Random& random, Product& p, Pattern pattern, Scales scales) {
    p.weights.resize(p.tiles * (p.type == ElementType::int6 ? int6_tile_size : int4_tile_size)(p.inputs));
    for (uint32_t tile = 0; tile < p.tiles; ++tile)
        for (size_t i = scales_size(p.inputs, p.weight_group); i < p.tile_bytes(); ++i)
            p.weights[tile * p.tile_bytes() + i] = weight_byte(random, pattern, 0, i);
    for (uint32_t column = 0; column < p.tiles * 16; ++column)
        for (uint32_t group = 0; group < p.weight_groups(); ++group) {
            const uint16_t half = half_scale(random, p.type, scales);
            put_tile_scale(&p.weights[column / 16 * p.tile_bytes()], group, column % 16, half);
            p.weight_scales.push_back(float(half_value(half)));
        }
}

}  // namespace

QuantizedShape random_shape(Random& random, ElementType type) {
    return type == ElementType::int8 ? random_int8_shape(random) : random_half_scaled_shape(random, type);
}

Product quantized_product(Random& random, const QuantizedShape& shape, Pattern pattern, Scales scales) {
    Product p{shape.type, shape.rows, shape.inputs, shape.tiles, shape.weight_group};
    (p.type == ElementType::int8 ? make_int8_weights : make_half_scaled_weights)(random, p, pattern, scales);
    for (uint32_t row = 0; row < p.rows; ++row) p.quantized.push_back(quantized_row(random, p.inputs, pattern, scales));
    return p;
}

Product float_product(Random& random, ElementType type, uint32_t rows, uint32_t tiles, uint32_t inputs, bool tame) {
    Product p{type, rows, inputs, tiles, inputs};
    const size_t count = size_t(tiles) * inputs * 16;
    std::vector<float> weights = tame ? random.normals(count) : random.wild(count);
    p.weights.resize(count * (type == ElementType::float32 ? 4 : 2));
    auto* narrow = reinterpret_cast<uint16_t*>(p.weights.data());
    if (type == ElementType::float32) std::memcpy(p.weights.data(), weights.data(), count * 4);
    else if (type == ElementType::bfloat16)
        for (size_t i = 0; i < count; ++i) narrow[i] = uint16_t(bits_of_float(weights[i]) >> 16);
    else
        for (size_t i = 0; i < count; ++i)
            narrow[i] = tame || random.chance(0.9) ? half_at_random_scale(random.bits()) : uint16_t(random.bits());
    p.floats = tame ? random.normals(size_t(rows) * inputs) : random.wild(size_t(rows) * inputs);
    return p;
}

Part whole(const Product& p) { return {0, p.rows, 0, p.tiles}; }

Part random_part(Random& random, const Product& p, uint32_t unit) {
    const uint32_t first = random.below((p.rows - 1) / kGemmRowBlock + 1) * kGemmRowBlock;
    const uint32_t units = (p.tiles + unit - 1) / unit, begin = random.chance(0.3) ? random.below(units) : 0;
    const uint32_t end = begin + 1 + random.below(units - begin);
    return {first, std::min<uint32_t>(p.rows, first + kGemmRowBlock), begin * unit, std::min(p.tiles, end * unit)};
}

namespace {

void run(const Kernels& kernels, const Product& p, const Part& part, Epilogue epilogue, float* out, const ActivationsOut& next) {
    // What stands in the scratch before must not matter.
    std::vector<float> scratch(kGemmScratch, NAN);
    const ActivationRows rows = p.activations();
    kernels.gemm({rows.in(), p.matrix(), p.rows, part.row_begin, part.row_end, part.tile_begin, part.tile_end, epilogue, out,
                  p.out_stride(), next, scratch.data()});
}

}  // namespace

void multiply(const Kernels& kernels, const Product& p, const Part& part, Epilogue epilogue, std::vector<float>& out) {
    run(kernels, p, part, epilogue, out.data(), {});
}

void multiply_swiglu(const Kernels& kernels, const Product& p, const Part& part, const ActivationsOut& next) {
    run(kernels, p, part, Epilogue::swiglu, nullptr, next);
}

std::vector<float> product(const Kernels& kernels, const Product& p) {
    std::vector<float> out(p.rows * p.out_stride(), NAN);
    multiply(kernels, p, whole(p), Epilogue::store, out);
    return out;
}
