// Sixteen-bit floats: every one read back, and every rounding edge written.
#include <cmath>

#include "check.h"
#include "numbers.h"

using namespace qingmo;

namespace {

std::vector<float> read_all(const Kernels& kernels, ElementType type) {
    std::vector<uint16_t> tile(65536);
    for (uint32_t i = 0; i < 65536; ++i) tile[i] = uint16_t(i);
    const Matrix matrix{reinterpret_cast<const uint8_t*>(tile.data()), 131072, type, 16, 4096, 4096};
    std::vector<float> all(65536), column(4096);
    for (uint32_t c = 0; c < 16; ++c) {
        kernels.read_column(matrix, c, column.data());
        for (uint32_t k = 0; k < 4096; ++k) all[k * 16 + c] = column[k];
    }
    return all;
}

// Through a KV block, where keys and values take different ways.
std::vector<uint16_t> to_halves(const Kernels& kernels, std::vector<float> x) {
    constexpr uint32_t kHeadDim = 256;
    const size_t count = x.size();
    x.resize((count + kHeadDim - 1) / kHeadDim * kHeadDim);
    std::vector<uint16_t> block(2 * 16 * kHeadDim), halves;
    for (size_t i = 0; i < x.size(); i += kHeadDim) {
        kernels.store_kv(&x[i], &x[i], kHeadDim, 3, CacheType::float16, reinterpret_cast<uint8_t*>(block.data()));
        for (uint32_t d = 0; d < kHeadDim; ++d) {
            halves.push_back(block[d * 16 + 3]);
            CHECK_EQUAL(block[(16 + 3) * kHeadDim + d], halves.back());
        }
    }
    halves.resize(count);
    return halves;
}

}  // namespace

TEST(all_65536_halves_are_read_back) {
    for (const Kernels* kernels : all_kernels()) {
        const std::vector<float> all = read_all(*kernels, ElementType::float16);
        for (uint32_t i = 0; i < 65536; ++i) {
            const float expected = float(half_value(uint16_t(i)));
            CHECK(std::isnan(expected) ? std::isnan(all[i]) : bits_of_float(all[i]) == bits_of_float(expected));
        }
        CHECK_SAME_BITS(kernels->name, all.data(), read_all(scalar_kernels(), ElementType::float16).data(), all.size());
    }
}

TEST(all_65536_bfloat16s_are_read_back) {
    for (const Kernels* kernels : all_kernels()) {
        const std::vector<float> all = read_all(*kernels, ElementType::bfloat16);
        for (uint32_t i = 0; i < 65536; ++i) CHECK_EQUAL(bits_of_float(all[i]), i << 16);
    }
}

// Between each two neighbouring halves: the middle goes to the even one, its float neighbours to either side.
TEST(floats_round_to_the_nearest_half_and_ties_to_even) {
    std::vector<float> x;
    std::vector<uint16_t> expected;
    for (uint32_t h = 0; h < 0x7c00; ++h) {
        const double above = h + 1 == 0x7c00 ? 65536 : half_value(uint16_t(h + 1));
        const float here = float(half_value(uint16_t(h))), middle = float((here + above) / 2);
        const std::pair<float, uint32_t> edges[] = {
            {here, h}, {next_float(middle, 0), h}, {middle, h + h % 2}, {next_float(middle, INFINITY), h + 1}};
        for (const auto& [value, half] : edges) {
            x.push_back(value), expected.push_back(uint16_t(half));
            x.push_back(-value), expected.push_back(uint16_t(half | 0x8000));
        }
    }
    for (const Kernels* kernels : all_kernels()) CHECK_SAME(kernels->name, to_halves(*kernels, x), expected);
}

TEST(floats_beyond_the_halves_become_infinite_or_zero) {
    const std::vector<float> x = {65520, 1e30f, INFINITY, -65520, -INFINITY, 65519.996f, 1e-30f, -1e-42f, 0x1p-25f, 0x1.000002p-25f};
    const std::vector<uint16_t> expected = {0x7c00, 0x7c00, 0x7c00, 0xfc00, 0xfc00, 0x7bff, 0, 0x8000, 0, 1};
    for (const Kernels* kernels : all_kernels()) CHECK_SAME(kernels->name, to_halves(*kernels, x), expected);
}

TEST(nan_stays_nan_as_a_half_with_the_bits_of_scalar) {
    const std::vector<float> x = {NAN, -NAN, float_of_bits(0x7f800001), float_of_bits(0x7fffffff), float_of_bits(0xff812345)};
    const std::vector<uint16_t> expected = to_halves(scalar_kernels(), x);
    for (uint16_t half : expected) CHECK(std::isnan(half_value(half)));
    for (const Kernels* kernels : other_kernels()) CHECK_SAME(kernels->name, to_halves(*kernels, x), expected);
}

TEST(random_floats_become_the_same_halves_on_every_instruction_set) {
    check::cases(20, [](Random& random) {
        std::vector<float> x(4096);
        for (float& v : x) v = float_of_bits(uint32_t(random.bits()));
        for (const Kernels* kernels : other_kernels()) CHECK_SAME(kernels->name, to_halves(*kernels, x), to_halves(scalar_kernels(), x));
    });
}
