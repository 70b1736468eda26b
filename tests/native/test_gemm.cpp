// Matrix products: bits against scalar, integers and floats against a formula, rows and tiles without influence on others.
#include <cmath>
#include <cstring>

#include "check.h"
#include "numbers.h"

using namespace qingmo;

namespace {

struct Product {
    ElementType type;
    uint32_t rows, inputs, tiles, weight_group;
    std::vector<uint8_t> weights;
    std::vector<int8_t> values;        // [rows][inputs]
    std::vector<float> scales;         // [rows][inputs / 32]
    std::vector<int32_t> corrections;  // [rows][inputs / 32]
    std::vector<float> floats;         // [rows][inputs]

    size_t tile_bytes() const { return weights.size() / tiles; }
    size_t out_stride() const { return tiles * 16 + 16; }  // with room behind, where nothing may be written
    uint32_t groups() const { return inputs / 32; }

    Matrix matrix() const { return {weights.data(), tile_bytes(), type, tiles * 16, inputs, weight_group}; }
    int weight(uint32_t column, uint32_t input) const { return int(group_of(column, input)[64 + offset(column, input)]) - 128; }
    float weight_scale(uint32_t column, uint32_t input) const {
        float scale;
        std::memcpy(&scale, group_of(column, input) + column % 16 * 4, 4);
        return scale;
    }
    double float_weight(uint32_t column, uint32_t input) const {
        const size_t at = size_t(input) * 16 + column % 16;
        const uint8_t* tile = weights.data() + column / 16 * tile_bytes();
        if (type == ElementType::float32) return reinterpret_cast<const float*>(tile)[at];
        const uint16_t bits = reinterpret_cast<const uint16_t*>(tile)[at];
        return type == ElementType::float16 ? half_value(bits) : bfloat16_value(bits);
    }
    void set_correction(uint32_t row, uint32_t group) {
        int sum = 0;
        for (uint32_t k = 0; k < 32; ++k) sum += values[size_t(row) * inputs + group * 32 + k];
        corrections[size_t(row) * groups() + group] = -128 * sum;
    }
    // The same matrix with one of the rows.
    Product only(uint32_t row) const {
        auto cut = [&](auto& all) {
            const size_t width = all.size() / rows;
            all = {all.begin() + long(row * width), all.begin() + long((row + 1) * width)};
        };
        Product p = *this;
        cut(p.values), cut(p.scales), cut(p.corrections), cut(p.floats);
        p.rows = 1;
        return p;
    }

   private:
    const uint8_t* group_of(uint32_t column, uint32_t input) const {
        return weights.data() + column / 16 * tile_bytes() + input / weight_group * (64 + size_t(weight_group) * 16);
    }
    size_t offset(uint32_t column, uint32_t input) const {
        const uint32_t in = input % weight_group;
        return in / 4 * 64 + column % 16 * 4 + in % 4;
    }
};

// int8 rows as the kernels read them: interleaved in tiles of kRowTile, the last tile what is left.
struct Interleaved {
    std::vector<int8_t> values;
    std::vector<float> scales;
    std::vector<int32_t> corrections;

    explicit Interleaved(const Product& p) : values(p.values.size()), scales(p.scales.size()), corrections(p.scales.size()) {
        if (p.type != ElementType::int8) return;
        for (uint32_t row = 0; row < p.rows; ++row) {
            const uint32_t first = row / kRowTile * kRowTile, width = std::min<uint32_t>(kRowTile, p.rows - first), slot = row - first;
            for (uint32_t k = 0; k < p.inputs; ++k)
                values[size_t(first) * p.inputs + (k / 4 * width + slot) * 4 + k % 4] = p.values[size_t(row) * p.inputs + k];
            for (uint32_t g = 0; g < p.groups(); ++g) {
                const size_t from = size_t(row) * p.groups() + g, to = size_t(first) * p.groups() + g * width + slot;
                scales[to] = p.scales[from], corrections[to] = p.corrections[from];
            }
        }
    }
};

enum class Pattern { random, all_low, all_high, opposed };

uint8_t weight_byte(Random& random, Pattern pattern, size_t at) {
    if (pattern == Pattern::all_low) return 1;
    if (pattern == Pattern::all_high) return 255;
    if (pattern == Pattern::opposed) return at % 2 ? 255 : 1;
    return uint8_t(random.between(1, 255));
}

int8_t activation_byte(Random& random, Pattern pattern, size_t at) {
    if (pattern == Pattern::random) return int8_t(random.between(-127, 127));
    return pattern == Pattern::opposed && at % 2 ? -127 : 127;
}

struct Int8Shape {
    uint32_t rows, tiles, inputs, weight_group;
};

Product int8_product(Random& random, const Int8Shape& shape, Pattern pattern, bool unit_scales) {
    Product p{ElementType::int8, shape.rows, shape.inputs, shape.tiles, shape.weight_group, {}, {}, {}, {}, {}};
    const size_t group_bytes = 64 + size_t(p.weight_group) * 16;
    p.weights.resize(p.tiles * (p.inputs / p.weight_group) * group_bytes);
    for (size_t g = 0; g < p.weights.size(); g += group_bytes) {
        for (size_t i = 0; i < 16; ++i) {
            const float scale = unit_scales ? 1.0f : std::fabs(random.normal()) * random.pick({1.0f, 1e-3f, 0.0f, 1e15f});
            std::memcpy(&p.weights[g + i * 4], &scale, 4);
        }
        for (size_t i = 64; i < group_bytes; ++i) p.weights[g + i] = weight_byte(random, pattern, i);
    }
    p.values.resize(size_t(p.rows) * p.inputs);
    for (size_t i = 0; i < p.values.size(); ++i) p.values[i] = activation_byte(random, pattern, i);
    p.scales = random.normals(size_t(p.rows) * p.groups());
    for (float& s : p.scales) s = unit_scales ? 1.0f : std::fabs(s) * random.pick({1.0f, 1.0f, 1e-42f, 0.0f, 1e10f});
    p.corrections.resize(p.scales.size());
    for (uint32_t row = 0; row < p.rows; ++row)
        for (uint32_t group = 0; group < p.groups(); ++group) p.set_correction(row, group);
    return p;
}

Product float_product(Random& random, ElementType type, uint32_t rows, uint32_t tiles, uint32_t inputs, bool tame) {
    Product p{type, rows, inputs, tiles, inputs, {}, {}, {}, {}, {}};
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

struct Part {
    uint32_t row_begin, row_end, tile_begin, tile_end;
    Epilogue epilogue;
};

// All of at most kGemmRowBlock rows.
Part whole(const Product& p, Epilogue epilogue = Epilogue::store) { return {0, p.rows, 0, p.tiles, epilogue}; }

void multiply(const Kernels& kernels, const Product& p, const Part& part, std::vector<float>& out) {
    // What stands in the scratch before must not matter.
    std::vector<float> carry(size_t(kGemmRowBlock) * kWidePanel * kLanes, NAN);
    const Interleaved rows(p);
    const Activations activations{rows.values.data(), rows.scales.data(), rows.corrections.data(), p.floats.data(), p.inputs, p.groups()};
    kernels.gemm({activations, p.matrix(), part.row_begin, part.row_end, part.tile_begin, part.tile_end, out.data(),
                  p.out_stride(), part.epilogue, carry.data()});
}

std::vector<float> product(const Kernels& kernels, const Product& p) {
    std::vector<float> out(p.rows * p.out_stride(), NAN);
    multiply(kernels, p, whole(p), out);
    return out;
}

Part random_part(Random& random, const Product& p) {
    const uint32_t first = random.below((p.rows - 1) / kGemmRowBlock + 1) * kGemmRowBlock;
    const uint32_t last = std::min<uint32_t>(p.rows, first + kGemmRowBlock);
    const bool join = p.tiles > 1 && random.chance(0.3);
    const uint32_t unit = join ? 2 : 1, units = p.tiles / unit, begin = random.chance(0.3) ? random.below(units) : 0;
    const uint32_t end = begin + 1 + random.below(units - begin);
    return {first, last, begin * unit, end * unit, join ? Epilogue::swiglu : random.pick({Epilogue::store, Epilogue::add})};
}

void compare_with_scalar(Random& random, const Product& p) {
    const Part part = random_part(random, p);
    const std::vector<float> before = random.wild(p.rows * p.out_stride());
    std::vector<float> expected = before;
    multiply(scalar_kernels(), p, part, expected);
    for (const Kernels* kernels : other_kernels()) {
        std::vector<float> out = before;
        multiply(*kernels, p, part, out);
        CHECK_SAME_BITS(std::string(kernels->name) + " out", out.data(), expected.data(), out.size());
    }
}

Int8Shape random_int8_shape(Random& random) {
    const uint32_t rows = random.pick<uint32_t>({1, 1, 2, 3, 4, 5, 6, 7, 9, 16, 31, 127, 128, 130, 137});
    const uint32_t tiles = random.pick<uint32_t>({1, 2, 3, 4, 5, 7});
    const uint32_t group = random.pick<uint32_t>({32, 64, 96, 128, 1024, 0});
    // Inputs around the 512 of a panel, most no multiple of it.
    const uint32_t inputs = group == 0      ? 32 * random.pick<uint32_t>({1, 2, 3, 15, 16, 17, 28, 33})
                            : group == 1024 ? 2048
                                            : group * random.pick<uint32_t>({1, 2, 3, 7, 8, 9});
    return {rows, tiles, inputs, group ? group : inputs};
}

}  // namespace

TEST(gemm_of_int8_gives_the_bits_of_scalar) {
    check::cases(120, [](Random& random) {
        const Pattern pattern = random.pick({Pattern::random, Pattern::random, Pattern::all_low, Pattern::all_high, Pattern::opposed});
        compare_with_scalar(random, int8_product(random, random_int8_shape(random), pattern, false));
    });
}

TEST(gemm_of_floats_gives_the_bits_of_scalar) {
    check::cases(90, [](Random& random) {
        const ElementType type = random.pick({ElementType::float32, ElementType::float16, ElementType::bfloat16});
        const uint32_t rows = random.pick<uint32_t>({1, 2, 3, 4, 7, 8, 9, 15, 127, 128, 131}), tiles = random.pick<uint32_t>({1, 2, 3, 4});
        const uint32_t inputs = random.pick<uint32_t>({1, 16, 80, 127, 128, 129, 255, 256, 257, 300});
        compare_with_scalar(random, float_product(random, type, rows, tiles, inputs, false));
    });
}

// With scales of one every sum is a whole number below 2^24, so no rounding may show: saturation or a lost correction would.
TEST(gemm_of_int8_sums_integers_exactly) {
    check::cases(60, [](Random& random) {
        const uint32_t group = random.pick<uint32_t>({32, 64, 128, 512});
        const Int8Shape shape{random.pick<uint32_t>({1, 3, 6}), random.pick<uint32_t>({1, 3}), 512, group};
        const Pattern pattern = random.pick({Pattern::random, Pattern::all_low, Pattern::all_high, Pattern::opposed});
        const Product p = int8_product(random, shape, pattern, true);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = product(*kernels, p);
            for (uint32_t row = 0; row < p.rows; ++row)
                for (uint32_t column = 0; column < p.tiles * 16; ++column) {
                    int sum = 0;
                    for (uint32_t k = 0; k < p.inputs; ++k) sum += p.weight(column, k) * p.values[row * p.inputs + k];
                    CHECK_EQUAL(out[row * p.out_stride() + column], float(sum));
                }
        }
    });
}

TEST(gemm_of_int8_follows_its_formula) {
    check::cases(40, [](Random& random) {
        Int8Shape shape = random_int8_shape(random);
        shape.rows = std::min<uint32_t>(shape.rows, 6);
        const Product p = int8_product(random, shape, Pattern::random, false);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = product(*kernels, p);
            const uint32_t row = random.below(p.rows), column = random.below(p.tiles * 16);
            double sum = 0, magnitude = 0;
            for (uint32_t group = 0; group < p.groups(); ++group) {
                int dot = 0;
                for (uint32_t k = group * 32; k < group * 32 + 32; ++k) dot += p.weight(column, k) * p.values[row * p.inputs + k];
                const double term = double(dot) * p.scales[row * p.groups() + group] * p.weight_scale(column, group * 32);
                sum += term;
                magnitude += std::fabs(term);
            }
            // Each of the fused multiply-adds rounds once, to half a unit in 2^-23; denormal scales lose up to 1e-35.
            CHECK_NEAR(out[row * p.out_stride() + column], sum, magnitude * (p.groups() + 2) * 0x1p-24 + 1e-15);
        }
    });
}

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
        Int8Shape shape = random_int8_shape(random);
        shape.rows = std::min<uint32_t>(shape.rows, kGemmRowBlock);
        const Product p = int8_product(random, shape, Pattern::random, true);
        for (const Kernels* kernels : all_kernels()) {
            std::vector<float> added = random.normals(p.rows * p.out_stride()), before = added;
            const std::vector<float> plain = product(*kernels, p);
            multiply(*kernels, p, whole(p, Epilogue::add), added);
            for (uint32_t row = 0; row < p.rows; ++row)
                for (uint32_t column = 0; column < p.tiles * 16; ++column) {
                    const size_t at = row * p.out_stride() + column;
                    CHECK_EQUAL(added[at], before[at] + plain[at]);
                }
        }
    });
}

// Products with the number 1, so that gate and up are the weights themselves.
TEST(gemm_joins_gate_and_up_tiles_to_silu_of_gate_times_up) {
    check::cases(60, [](Random& random) {
        const uint32_t rows = random.pick<uint32_t>({1, 2, 3, 8, 9}), tiles = random.pick<uint32_t>({2, 4, 6, 8});
        Product p = float_product(random, ElementType::float32, rows, tiles, 1, true);
        std::fill(p.floats.begin(), p.floats.end(), 1.0f);
        auto* weights = reinterpret_cast<float*>(p.weights.data());
        const float scale = random.pick({1.0f, 10.0f, 40.0f});
        for (uint32_t i = 0; i < tiles * 16; ++i) weights[i] *= scale;
        for (const Kernels* kernels : all_kernels()) {
            std::vector<float> out(p.rows * p.out_stride(), 77);
            multiply(*kernels, p, whole(p, Epilogue::swiglu), out);
            for (uint32_t row = 0; row < rows; ++row)
                for (uint32_t column = 0; column < p.out_stride(); ++column) {
                    const float got = out[row * p.out_stride() + column];
                    if (column >= tiles * 8) {
                        CHECK_EQUAL(got, 77.0f);
                        continue;
                    }
                    const double gate = weights[column / 16 * 32 + column % 16], up = weights[column / 16 * 32 + 16 + column % 16];
                    const double expected = gate / (1 + std::exp(-gate)) * up;
                    // e^-gate stays at e^88 below -88, where the product is all but zero.
                    CHECK_NEAR(got, expected, std::fabs(expected) * 1e-6 + 1e-34);
                }
        }
    });
}

TEST(gemm_of_rows_beyond_the_first_block_joins_and_adds_like_the_first) {
    check::cases(6, [](Random& random) {
        const uint32_t rows = kGemmRowBlock + random.pick<uint32_t>({1, 2, 5, 9});
        const Product p = int8_product(random, {rows, 4, 96, 32}, Pattern::random, false), one = p.only(rows - 1);
        for (const Kernels* kernels : all_kernels())
            for (Epilogue epilogue : {Epilogue::store, Epilogue::add, Epilogue::swiglu}) {
                std::vector<float> out(p.rows * p.out_stride(), 1), alone(one.out_stride(), 1);
                multiply(*kernels, p, {kGemmRowBlock, rows, 0, 4, epilogue}, out);
                multiply(*kernels, one, whole(one, epilogue), alone);
                CHECK_SAME_BITS("last row", &out[(rows - 1) * p.out_stride()], alone.data(), alone.size());
            }
    });
}

// Each row alone, each tile alone and other rows full of NaN: the same bits.
TEST(gemm_rows_and_tiles_do_not_influence_one_another) {
    check::cases(24, [](Random& random) {
        const bool int8 = random.chance(0.5);
        const uint32_t rows = random.pick<uint32_t>({5, 8, 13, 128});
        Int8Shape shape = random_int8_shape(random);
        shape.rows = rows;
        const Product p = int8 ? int8_product(random, shape, Pattern::random, false)
                               : float_product(random, ElementType::bfloat16, rows, 4, 300, true);
        const uint32_t row = random.below(rows), tile = random.below(p.tiles);
        Product poisoned = p;
        for (uint32_t other = 0; other < rows; ++other) {
            if (other == row) continue;
            for (uint32_t g = 0; int8 && g < p.groups(); ++g) poisoned.scales[other * p.groups() + g] = NAN;
            for (uint32_t k = 0; !int8 && k < p.inputs; ++k) poisoned.floats[other * p.inputs + k] = NAN;
        }
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> expected = product(*kernels, p);
            const Product one = p.only(row);
            const size_t at = row * p.out_stride() + tile * 16;
            std::vector<float> alone(one.out_stride(), NAN);
            multiply(*kernels, one, {0, 1, tile, tile + 1, Epilogue::store}, alone);
            CHECK_SAME_BITS("alone", &alone[tile * 16], &expected[at], 16);
            CHECK_SAME_BITS("beside NaN", &product(*kernels, poisoned)[at], &expected[at], 16);
        }
    });
}
