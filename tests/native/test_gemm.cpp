// Matrix products: bits against scalar, integers and floats against a formula, rows and tiles without influence on others.
#include <cmath>

#include "gemm_product.h"
#include "numbers.h"

using namespace qingmo;

namespace {

void compare_with_scalar(Random& random, const Product& p) {
    const Part part = random_part(random, p, 1);
    const Epilogue epilogue = random.pick({Epilogue::store, Epilogue::add});
    const std::vector<float> before = random.wild(p.rows * p.out_stride());
    std::vector<float> expected = before;
    multiply(scalar_kernels(), p, part, epilogue, expected);
    for (const Kernels* kernels : other_kernels()) {
        std::vector<float> out = before;
        multiply(*kernels, p, part, epilogue, out);
        CHECK_SAME_BITS(std::string(kernels->name) + " out", out.data(), expected.data(), out.size());
    }
}

void compare_quantized_with_scalar(ElementType type) {
    check::cases(120, [=](Random& random) {
        const Pattern pattern = random.pick({Pattern::random, Pattern::random, Pattern::all_low, Pattern::all_high, Pattern::opposed});
        compare_with_scalar(random, quantized_product(random, random_shape(random, type), pattern, Scales::wild));
    });
}

// With scales of one every sum is a whole number below 2^24, so no rounding may show: saturation or a lost correction would.
void check_integer_sums(ElementType type, std::initializer_list<uint32_t> weight_groups) {
    check::cases(60, [=](Random& random) {
        const uint32_t rows = random.pick<uint32_t>({1, 3, kRowTile}), tiles = random.pick<uint32_t>({1, 3});
        const Pattern pattern = random.pick({Pattern::random, Pattern::all_low, Pattern::all_high, Pattern::opposed});
        const Product p = quantized_product(random, {type, rows, tiles, 512, random.pick(weight_groups)}, pattern, Scales::unit);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = product(*kernels, p);
            for (uint32_t row = 0; row < p.rows; ++row)
                for (uint32_t column = 0; column < p.tiles * 16; ++column) {
                    int sum = 0;
                    for (uint32_t k = 0; k < p.inputs; ++k) sum += p.weight(column, k) * p.quantized[row].values[k];
                    CHECK_EQUAL(out[row * p.out_stride() + column], float(sum));
                }
        }
    });
}

void check_formula(ElementType type) {
    check::cases(40, [=](Random& random) {
        QuantizedShape shape = random_shape(random, type);
        shape.rows = std::min<uint32_t>(shape.rows, 2 * kRowTile);
        const Product p = quantized_product(random, shape, Pattern::random, Scales::wild);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = product(*kernels, p);
            const uint32_t row = random.below(p.rows), column = random.below(p.tiles * 16);
            double sum = 0, magnitude = 0, largest = 0;
            for (uint32_t begin = 0; begin < p.inputs; begin += 32) {
                int dot = 0;
                for (uint32_t k = begin; k < begin + 32; ++k) dot += p.weight(column, k) * p.quantized[row].values[k];
                const double term = double(dot) * p.quantized[row].scales[begin / kActivationGroup] * p.weight_scale(column, begin);
                sum += term;
                magnitude += std::fabs(term);
                largest = std::max(largest, std::fabs(double(p.weight_scale(column, begin))));
            }
            // Each fused multiply-add rounds once, each weight group's ratio or scale and its product once, to half a unit
            // in 2^-23; among the denormals to 2^-150, in units of a weight scale.
            const double roundings = p.inputs / 32 + 2 * p.weight_groups() + 2;
            CHECK_NEAR(out[row * p.out_stride() + column], sum, roundings * (magnitude * 0x1p-24 + (largest + 1) * 0x1p-150));
        }
    });
}

}  // namespace

TEST(gemm_of_int8_gives_the_bits_of_scalar) { compare_quantized_with_scalar(ElementType::int8); }
TEST(gemm_of_int6_gives_the_bits_of_scalar) { compare_quantized_with_scalar(ElementType::int6); }
TEST(gemm_of_int4_gives_the_bits_of_scalar) { compare_quantized_with_scalar(ElementType::int4); }

TEST(gemm_of_floats_gives_the_bits_of_scalar) {
    check::cases(90, [](Random& random) {
        const ElementType type = random.pick({ElementType::float32, ElementType::float16, ElementType::bfloat16});
        const uint32_t rows = random_rows(random), tiles = random.pick<uint32_t>({1, 2, 3, 4});
        const uint32_t inputs = random.pick<uint32_t>({1, 16, 80, 127, 128, 129, 255, 256, 257, 300});
        compare_with_scalar(random, float_product(random, type, rows, tiles, inputs, false));
    });
}

TEST(gemm_of_int8_sums_integers_exactly) { check_integer_sums(ElementType::int8, {64, 128, 512}); }
TEST(gemm_of_int6_sums_integers_exactly) { check_integer_sums(ElementType::int6, {64}); }
TEST(gemm_of_int4_sums_integers_exactly) { check_integer_sums(ElementType::int4, {32}); }

TEST(gemm_of_int8_follows_its_formula) { check_formula(ElementType::int8); }
TEST(gemm_of_int6_follows_its_formula) { check_formula(ElementType::int6); }
TEST(gemm_of_int4_follows_its_formula) { check_formula(ElementType::int4); }

TEST(gemm_of_floats_follows_its_formula) {
    check::cases(40, [](Random& random) {
        const ElementType type = random.pick({ElementType::float32, ElementType::float16, ElementType::bfloat16});
        const uint32_t inputs = random.pick<uint32_t>({1, 16, 129, 300});
        const Product p = float_product(random, type, random.pick<uint32_t>({1, 3, 9}), random.pick<uint32_t>({1, 2, 4}), inputs, true);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = product(*kernels, p);
            for (uint32_t row = 0; row < p.rows; ++row)
                for (uint32_t column = 0; column < p.tiles * 16; ++column) {
                    double sum = 0, magnitude = 0;
                    for (uint32_t k = 0; k < inputs; ++k) {
                        const double term = p.floats[row * inputs + k] * p.float_weight(column, k);
                        sum += term;
                        magnitude += std::fabs(term);
                    }
                    CHECK_NEAR(out[row * p.out_stride() + column], sum, magnitude * inputs * 0x1p-24);
                }
        }
    });
}

TEST(gemm_adds_to_what_stands_there) {
    check::cases(20, [](Random& random) {
        QuantizedShape shape = random_shape(random, random.pick(kQuantized));
        shape.rows = std::min<uint32_t>(shape.rows, kGemmRowBlock);
        const Product p = quantized_product(random, shape, Pattern::random, Scales::unit);
        for (const Kernels* kernels : all_kernels()) {
            std::vector<float> added = random.normals(p.rows * p.out_stride()), before = added;
            const std::vector<float> plain = product(*kernels, p);
            multiply(*kernels, p, whole(p), Epilogue::add, added);
            for (uint32_t row = 0; row < p.rows; ++row)
                for (uint32_t column = 0; column < p.tiles * 16; ++column) {
                    const size_t at = row * p.out_stride() + column;
                    CHECK_EQUAL(added[at], before[at] + plain[at]);
                }
        }
    });
}

TEST(gemm_of_rows_beyond_the_first_block_stores_and_adds_like_the_first) {
    check::cases(6, [](Random& random) {
        const uint32_t rows = kGemmRowBlock + random.pick<uint32_t>({1, 2, 5, 9});
        const ElementType type = random.pick(kQuantized);
        const QuantizedShape shape{type, rows, 4, 192, smallest_group(type)};
        const Product p = quantized_product(random, shape, Pattern::random, Scales::wild), one = p.only(rows - 1);
        for (const Kernels* kernels : all_kernels())
            for (Epilogue epilogue : {Epilogue::store, Epilogue::add}) {
                std::vector<float> out(p.rows * p.out_stride(), 1), alone(one.out_stride(), 1);
                multiply(*kernels, p, {kGemmRowBlock, rows, 0, 4}, epilogue, out);
                multiply(*kernels, one, whole(one), epilogue, alone);
                CHECK_SAME_BITS("last row", &out[(rows - 1) * p.out_stride()], alone.data(), alone.size());
            }
    });
}

// Each row alone, each tile alone and other rows full of NaN: the same bits.
TEST(gemm_rows_and_tiles_do_not_influence_one_another) {
    check::cases(36, [](Random& random) {
        const ElementType type = random.pick({ElementType::int8, ElementType::int6, ElementType::int4, ElementType::bfloat16});
        const bool quantized = is_quantized(type);
        const uint32_t rows = random.pick<uint32_t>({5, 8, 13, kGemmRowBlock});
        QuantizedShape shape = quantized ? random_shape(random, type) : QuantizedShape{};
        shape.rows = rows;
        const Product p = quantized ? quantized_product(random, shape, Pattern::random, Scales::wild)
                                    : float_product(random, type, rows, 4, 300, true);
        const uint32_t row = random.below(rows), tile = random.below(p.tiles);
        Product poisoned = p;
        for (uint32_t other = 0; other < rows; ++other) {
            if (other == row) continue;
            if (quantized) poisoned.quantized[other].scales.assign(p.groups(), NAN);
            for (uint32_t k = 0; !quantized && k < p.inputs; ++k) poisoned.floats[other * p.inputs + k] = NAN;
        }
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> expected = product(*kernels, p);
            const Product one = p.only(row);
            const size_t at = row * p.out_stride() + tile * 16;
            std::vector<float> alone(one.out_stride(), NAN);
            multiply(*kernels, one, {0, 1, tile, tile + 1}, Epilogue::store, alone);
            CHECK_SAME_BITS("alone", &alone[tile * 16], &expected[at], 16);
            CHECK_SAME_BITS("beside NaN", &product(*kernels, poisoned)[at], &expected[at], 16);
        }
    });
}
