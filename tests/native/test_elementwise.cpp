// Kernels over single rows: bits against scalar, and each against its formula in double.
#include <cmath>
#include <cstring>
#include <functional>

#include "gemm_product.h"
#include "numbers.h"

using namespace qingmo;

namespace {

uint32_t random_width(Random& random) { return 16 * random.pick<uint32_t>({1, 2, 3, 5, 8, 56, 61}); }

// f(kernels) -> floats: the same bits as from scalar.
void compare_with_scalar(const std::function<std::vector<float>(const Kernels&)>& f) {
    const std::vector<float> expected = f(scalar_kernels());
    for (const Kernels* kernels : other_kernels()) {
        const std::vector<float> got = f(*kernels);
        CHECK_SAME_BITS(kernels->name, got.data(), expected.data(), expected.size());
    }
}

std::vector<float> exp_of(const Kernels& kernels, const std::vector<float>& x) {
    std::vector<float> out(x.size());
    kernels.exp(x.data(), uint32_t(x.size()), out.data());
    return out;
}

constexpr uint32_t kGroup = kActivationGroup;
size_t activation_stride(const std::vector<float>& x) { return (x.size() + kGroup - 1) / kGroup * kGroup; }

QuantizedRow quantize(const Kernels& kernels, const std::vector<float>& x) {
    ActivationRows one(1, activation_stride(x));
    kernels.quantize(x.data(), uint32_t(x.size()), 0, one.out(true));
    return one.quantized(0);
}

std::vector<float> column_of(const Kernels& kernels, const Product& p, uint32_t column) {
    std::vector<float> out(p.inputs);
    kernels.read_column(p.matrix(), column, out.data());
    return out;
}

}  // namespace

TEST(exp_gives_the_bits_of_scalar) {
    check::cases(200, [](Random& random) {
        std::vector<float> x(1024);
        for (float& v : x) v = random.chance(0.5) ? float_of_bits(uint32_t(random.bits())) : float(random.unit() * 180 - 90);
        compare_with_scalar([&](const Kernels& kernels) { return exp_of(kernels, x); });
    });
}

TEST(exp_is_within_2e_7_of_the_exponential) {
    const uint32_t step = 9973 * 100 / uint32_t(check::options().percent);
    std::vector<float> x;
    for (uint32_t bits = 0; bits <= bits_of_float(88); bits += step) {
        x.push_back(float_of_bits(bits));
        if (x.back() <= 87) x.push_back(-float_of_bits(bits));
    }
    for (float edge : {0.0f, -0.0f, 88.0f, -87.0f, 0.34657359f, -0.34657359f}) x.push_back(edge);
    x.resize((x.size() + 15) / 16 * 16);
    for (const Kernels* kernels : all_kernels()) {
        const std::vector<float> e = exp_of(*kernels, x);
        for (size_t i = 0; i < x.size(); ++i) CHECK_NEAR(e[i] / std::exp(double(x[i])), 1, 2e-7);
    }
}

TEST(exp_is_clamped_outside_its_range) {
    std::vector<float> x(16, 0);
    x[0] = -88, x[1] = -1e30f, x[2] = -INFINITY, x[3] = -87, x[4] = 89, x[5] = INFINITY, x[6] = 88;
    for (const Kernels* kernels : all_kernels()) {
        const std::vector<float> e = exp_of(*kernels, x);
        for (int i : {0, 1, 2}) CHECK_EQUAL(e[size_t(i)], e[3]);
        for (int i : {4, 5}) CHECK_EQUAL(e[size_t(i)], e[6]);
        CHECK(e[3] > 0 && std::isfinite(e[6]));
        CHECK_EQUAL(e[7], 1.0f);
    }
}

TEST(rms_norm_gives_the_bits_of_scalar) {
    check::cases(200, [](Random& random) {
        const uint32_t n = random_width(random);
        const std::vector<float> x = random.chance(0.5) ? random.wild(n) : random.normals(n, 1e-3f), weight = random.wild(n);
        const bool in_place = random.chance(0.3);
        compare_with_scalar([&](const Kernels& kernels) {
            std::vector<float> out = x;
            kernels.rms_norm(in_place ? out.data() : x.data(), weight.data(), n, 1e-6f, out.data());
            return out;
        });
    });
}

TEST(rms_norm_follows_its_formula) {
    check::cases(60, [](Random& random) {
        const uint32_t n = random_width(random);
        const float eps = random.pick({1e-6f, 1e-5f, 0.5f});
        const std::vector<float> x = random.normals(n, random.pick({1.0f, 1e-3f, 1e3f})), weight = random.normals(n);
        double squares = 0;
        for (float v : x) squares += double(v) * v;
        for (const Kernels* kernels : all_kernels()) {
            std::vector<float> out(n + 16, 77);
            kernels->rms_norm(x.data(), weight.data(), n, eps, out.data());
            for (uint32_t i = 0; i < n; ++i) {
                const double expected = x[i] / std::sqrt(squares / n + eps) * weight[i];
                CHECK_NEAR(out[i], expected, std::fabs(expected) * 1e-5);
            }
            for (uint32_t i = n; i < n + 16; ++i) CHECK_EQUAL(out[i], 77.0f);
        }
    });
}

TEST(quantize_gives_the_bits_of_scalar_in_any_row_and_writes_no_other) {
    check::cases(300, [](Random& random) {
        const uint32_t n = random_width(random), rows = 1 + random.below(3 * kRowTile), row = random.below(rows);
        const std::vector<float> x = random.chance(0.5) ? random.wild(n) : random.normals(n, random.pick({1.0f, 1e-37f, 1e-40f, 1e37f}));
        ActivationRows expected(rows, activation_stride(x));
        expected.put(row, quantize(scalar_kernels(), x));
        for (const Kernels* kernels : all_kernels()) {
            ActivationRows got(rows, activation_stride(x));
            kernels->quantize(x.data(), n, row, got.out(true));
            ActivationRows::check_same(kernels->name, got, expected);
        }
    });
}

TEST(quantize_keeps_each_value_to_half_a_step) {
    check::cases(100, [](Random& random) {
        const uint32_t n = random_width(random);
        std::vector<float> x = random.normals(n, random.pick({1.0f, 1e-20f, 1e-35f, 1e30f}));
        for (uint32_t i = 0; i < 16; ++i) x[i] *= 1000;  // one group a thousand times its neighbours
        const uint32_t groups = (n + kGroup - 1) / kGroup;
        for (const Kernels* kernels : all_kernels()) {
            const QuantizedRow q = quantize(*kernels, x);
            for (uint32_t g = 0; g < groups; ++g) {
                float largest = 0;
                int sums[2] = {};  // of all, of the first half
                for (uint32_t i = g * kGroup; i < (g + 1) * kGroup; ++i) {
                    const float value = i < n ? x[i] : 0;
                    largest = std::max(largest, std::fabs(value));
                    sums[0] += q.values[i];
                    if (i % kGroup < kGroup / 2) sums[1] += q.values[i];
                    CHECK(q.values[i] >= -127);
                    CHECK_NEAR(q.values[i] * double(q.scales[g]), value, q.scales[g] * 0.5001);
                }
                CHECK_NEAR(q.scales[g], largest / 127, largest * 1e-8);
                for (uint32_t i : {0, 1}) CHECK_EQUAL(q.corrections[2 * g + i], -128 * sums[i]);
            }
        }
    });
}

// 127 / largest would be infinite, and infinity times a value no integer.
TEST(quantize_turns_values_too_small_for_a_step_into_zeros) {
    for (float tiny : {1e-45f, 1e-40f, 1e-38f, 3e-37f, 0.0f, -0.0f})
        for (const Kernels* kernels : all_kernels()) {
            const QuantizedRow q = quantize(*kernels, {tiny, -tiny, tiny, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
            for (int8_t value : q.values) CHECK_EQUAL(int(value), 0);
            for (int32_t correction : q.corrections) CHECK_EQUAL(correction, 0);
            CHECK_NEAR(q.scales[0], 0, 1e-38);
        }
}

TEST(quantize_rounds_ties_to_even) {
    std::vector<float> x(16, 0);
    x[0] = 127, x[1] = 0.5f, x[2] = 1.5f, x[3] = -0.5f, x[4] = -2.5f, x[5] = 3.5f;
    for (const Kernels* kernels : all_kernels()) {
        const QuantizedRow q = quantize(*kernels, x);
        CHECK(q.values[0] == 127 && q.values[1] == 0 && q.values[2] == 2 && q.values[3] == 0 && q.values[4] == -2 && q.values[5] == 4);
    }
}

TEST(rope_gives_the_bits_of_scalar_and_rotates) {
    check::cases(100, [](Random& random) {
        const uint32_t half = random.pick<uint32_t>({8, 24, 32, 64, 128}), heads = 1 + random.below(4), n = heads * 2 * half;
        const std::vector<float> x = random.chance(0.3) ? random.wild(n) : random.normals(n);
        std::vector<float> cos(half), sin(half);
        for (uint32_t i = 0; i < half; ++i) {
            const double angle = random.unit() * 7;
            cos[i] = float(std::cos(angle)), sin[i] = float(std::sin(angle));
        }
        auto rotated = [&](const Kernels& kernels) {
            std::vector<float> out = x;
            kernels.rope(out.data(), heads, cos.data(), sin.data(), half);
            return out;
        };
        compare_with_scalar(rotated);
        const std::vector<float> out = rotated(scalar_kernels());
        for (uint32_t at = 0; at < n; ++at) {
            const uint32_t i = at % half;
            const bool is_first = at / half % 2 == 0;
            const double own = x[at], other = is_first ? -x[at + half] : x[at - half];
            CHECK_NEAR(out[at], own * cos[i] + other * sin[i], (std::fabs(own) + std::fabs(other)) * 2e-7 + 1e-44);
        }
    });
}

TEST(read_column_gives_the_bits_of_scalar) {
    check::cases(100, [](Random& random) {
        const ElementType type = random.pick({ElementType::int8, ElementType::int6, ElementType::float32, ElementType::float16, ElementType::bfloat16});
        const Product p = is_quantized(type) ? quantized_product(random, random_shape(random, type), Pattern::random, Scales::wild)
                                             : float_product(random, type, 1, 3, random.pick<uint32_t>({16, 80, 640}), false);
        const uint32_t column = random.below(p.tiles * 16);
        compare_with_scalar([&](const Kernels& kernels) { return column_of(kernels, p, column); });
    });
}

TEST(read_column_of_quantized_weights_is_scale_times_weight) {
    check::cases(60, [](Random& random) {
        const ElementType type = random.pick({ElementType::int8, ElementType::int6});
        const Product p = quantized_product(random, random_shape(random, type), Pattern::random, Scales::wild);
        const uint32_t column = random.below(p.tiles * 16);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = column_of(*kernels, p, column);
            for (uint32_t k = 0; k < p.inputs; ++k) {
                const double expected = double(p.weight_scale(column, k)) * p.weight(column, k);
                // An int8 scale is the last one times the ratios behind it, each of them and each product rounded once.
                CHECK_NEAR(out[k], expected, std::fabs(expected) * (2 * p.weight_groups() + 1) * 0x1p-24);
            }
        }
    });
}

TEST(read_column_of_floats_is_the_weights) {
    check::cases(20, [](Random& random) {
        const ElementType type = random.pick({ElementType::float32, ElementType::float16, ElementType::bfloat16});
        const Product p = float_product(random, type, 1, 3, random.pick<uint32_t>({16, 80, 640}), true);
        const uint32_t column = random.below(48);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = column_of(*kernels, p, column);
            for (uint32_t k = 0; k < p.inputs; ++k) CHECK_EQUAL(double(out[k]), p.float_weight(column, k));
        }
    });
}

TEST(read_memory_sums_every_byte) {
    check::cases(20, [](Random& random) {
        std::vector<uint8_t> data(256 * random.pick<size_t>({0, 1, 2, 17, 100}));
        uint64_t sum = 0;
        for (uint8_t& byte : data) sum += byte = uint8_t(random.bits());
        for (const Kernels* kernels : all_kernels()) CHECK_EQUAL(kernels->read_memory(data.data(), data.size()), sum);
    });
}

TEST(multiply_adds_are_counted_by_round) {
    for (const Kernels* kernels : all_kernels()) {
        for (const MultiplyAddKernel probe : {kernels->multiply_add_int8, kernels->multiply_add_int16, kernels->multiply_add_floats}) {
            CHECK_EQUAL(probe(0), uint64_t(0));
            CHECK(probe(1) > 0);
            CHECK_EQUAL(probe(3), 3 * probe(1));
        }
    }
}

TEST(kernels_are_found_by_name_and_the_best_come_first) {
    CHECK(find_kernels("scalar") && find_kernels(nullptr));
    CHECK(!find_kernels("pdp11") && !find_kernels(""));
    CHECK_EQUAL(std::string(find_kernels(nullptr)->name), std::string(available_isas()[0]));
    for (const Kernels* kernels : all_kernels()) CHECK_EQUAL(find_kernels(kernels->name), kernels);
    CHECK_EQUAL(std::string(all_kernels().back()->name), std::string("scalar"));
}
