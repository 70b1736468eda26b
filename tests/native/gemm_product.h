// Products for the gemm to compute: random activations and a random matrix, with what both are made of.
#pragma once

#include "activation_rows.h"

struct Product {
    qingmo::ElementType type;
    uint32_t rows, inputs, tiles, weight_group;
    std::vector<uint8_t> weights{};         // tiles
    std::vector<float> weight_scales{};     // quantized: [columns][inputs / weight_group]
    std::vector<QuantizedRow> quantized{};  // quantized: [rows]
    std::vector<float> floats{};            // others: [rows][inputs]

    size_t tile_bytes() const { return weights.size() / tiles; }
    size_t out_stride() const { return tiles * 16 + 16; }  // with room behind, where nothing may be written
    uint32_t groups() const { return inputs / qingmo::kActivationGroup; }
    uint32_t weight_groups() const { return inputs / weight_group; }

    qingmo::Matrix matrix() const { return {weights.data(), tile_bytes(), type, tiles * 16, inputs, weight_group}; }
    int weight(uint32_t column, uint32_t input) const;
    float weight_scale(uint32_t column, uint32_t input) const {
        return weight_scales[column * weight_groups() + input / weight_group];
    }
    double float_weight(uint32_t column, uint32_t input) const;
    ActivationRows activations() const;
    Product only(uint32_t row) const;  // the same matrix with one of the rows
};

enum class Pattern { random, all_low, all_high, opposed };
enum class Scales { unit, tame, wild };  // tame: sums are of the order of 10

struct QuantizedShape {
    qingmo::ElementType type;
    uint32_t rows, tiles, inputs;
    uint32_t weight_group;
};
constexpr std::initializer_list<qingmo::ElementType> kQuantized = {qingmo::ElementType::int8, qingmo::ElementType::int6,
                                                                   qingmo::ElementType::int4};
// The only weight group of int4 and int6, the smallest of int8.
constexpr uint32_t smallest_group(qingmo::ElementType type) { return type == qingmo::ElementType::int4 ? 32 : 64; }
uint32_t random_rows(Random& random);  // one tile of rows or several, whole or not, up to two blocks
QuantizedShape random_shape(Random& random, qingmo::ElementType type);
Product quantized_product(Random& random, const QuantizedShape& shape, Pattern pattern, Scales scales);
Product float_product(Random& random, qingmo::ElementType type, uint32_t rows, uint32_t tiles, uint32_t inputs, bool tame);

struct Part {
    uint32_t row_begin, row_end, tile_begin, tile_end;
};
// All of at most kGemmRowBlock rows.
Part whole(const Product& p);
// One block of rows; tiles from a multiple of `unit` to another or to the last tile.
Part random_part(Random& random, const Product& p, uint32_t unit);

// epilogue: store or add. out: [rows][out_stride].
void multiply(const qingmo::Kernels& kernels, const Product& p, const Part& part, qingmo::Epilogue epilogue, std::vector<float>& out);
// Epilogue::swiglu; next is as it was but for what the gemm writes.
void multiply_swiglu(const qingmo::Kernels& kernels, const Product& p, const Part& part, const qingmo::ActivationsOut& next);
// The whole product, stored.
std::vector<float> product(const qingmo::Kernels& kernels, const Product& p);
