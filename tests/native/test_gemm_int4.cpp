// Products with int4 weights: bits against scalar, and values against the layout in dispatch.h.
#include <cmath>
#include <cstring>
#include <numeric>

#include "activation_rows.h"
#include "numbers.h"

using namespace qingmo;

namespace {

struct Int4Product {
    uint32_t rows, tiles, inputs;
    std::vector<uint8_t> weights;
    std::vector<QuantizedRow> quantized;

    size_t tile_bytes() const { return weights.size() / tiles; }
    const uint8_t* tile(uint32_t column) const { return weights.data() + column / 16 * tile_bytes(); }
    int weight(uint32_t column, uint32_t input) const {
        const uint32_t in = input % 32;
        const uint8_t both = tile(column)[int4_scale_bytes(inputs) + input / 32 * 256 + in % 16 / 4 * 64 + column % 16 * 4 + in % 4];
        return (in < 16 ? both & 15 : both >> 4) - 8;
    }
    double scale(uint32_t column, uint32_t input) const {
        uint16_t half;
        std::memcpy(&half, tile(column) + (input / 32 * 16 + column % 16) * 2, 2);
        return half_value(half);
    }
};

QuantizedRow random_row(Random& random, uint32_t inputs) {
    QuantizedRow row;
    for (uint32_t i = 0; i < inputs; ++i) row.values.push_back(int8_t(random.between(-127, 127)));
    for (auto at = row.values.begin(); at != row.values.end(); at += 32) {
        row.scales.push_back(std::fabs(random.normal()));
        row.corrections.push_back(-128 * std::accumulate(at, at + 32, 0));
    }
    return row;
}

Int4Product random_product(Random& random) {
    Int4Product p{random.pick<uint32_t>({1, 2, 3, 5, 8, 16, 21, 40}), random.pick<uint32_t>({1, 2, 3, 4, 7}),
                  32 * random.pick<uint32_t>({1, 2, 3, 28, 61}), {}, {}};
    p.weights.resize(p.tiles * (int4_scale_bytes(p.inputs) + p.inputs * 8));
    for (uint8_t& byte : p.weights) byte = uint8_t(random.bits());
    for (uint32_t tile = 0; tile < p.tiles; ++tile)
        for (uint32_t i = 0; i < p.inputs / 2; ++i) {
            const uint16_t scale = half_at_random_scale(random.bits());
            std::memcpy(&p.weights[tile * p.tile_bytes() + i * 2], &scale, 2);
        }
    for (uint32_t row = 0; row < p.rows; ++row) p.quantized.push_back(random_row(random, p.inputs));
    return p;
}

std::vector<float> product(const Kernels& kernels, const Int4Product& p) {
    ActivationRows rows(p.rows, p.inputs);
    for (uint32_t row = 0; row < p.rows; ++row) rows.put(row, p.quantized[row]);
    std::vector<float> out(size_t(p.rows) * p.tiles * 16, NAN), carry(size_t(kGemmRowBlock) * kWidePanel * kLanes, NAN);
    const Matrix matrix{p.weights.data(), p.tile_bytes(), ElementType::int4, p.tiles * 16, p.inputs, 32};
    kernels.gemm({rows.in(), matrix, p.rows, 0, p.rows, 0, p.tiles, Epilogue::store, out.data(), p.tiles * 16, {}, carry.data()});
    return out;
}

}  // namespace

TEST(gemm_of_int4_gives_the_bits_of_scalar) {
    check::cases(80, [](Random& random) {
        const Int4Product p = random_product(random);
        const std::vector<float> expected = product(scalar_kernels(), p);
        for (const Kernels* kernels : other_kernels())
            CHECK_SAME_BITS(std::string(kernels->name) + " out", product(*kernels, p).data(), expected.data(), expected.size());
    });
}

TEST(gemm_of_int4_follows_its_formula) {
    check::cases(40, [](Random& random) {
        const Int4Product p = random_product(random);
        const uint32_t row = random.below(p.rows);
        for (const Kernels* kernels : all_kernels()) {
            const std::vector<float> out = product(*kernels, p);
            for (uint32_t column = 0; column < p.tiles * 16; ++column) {
                double sum = 0, magnitude = 0;
                for (uint32_t group = 0; group < p.inputs / 32; ++group) {
                    int dot = 0;
                    for (uint32_t k = group * 32; k < group * 32 + 32; ++k) dot += p.weight(column, k) * p.quantized[row].values[k];
                    const double term = dot * p.scale(column, group * 32) * p.quantized[row].scales[group];
                    sum += term;
                    magnitude += std::fabs(term);
                }
                // Each group rounds its scaled sum, and its sum with those before it.
                CHECK_NEAR(out[row * p.tiles * 16 + column], sum, (p.inputs / 32 + 1) * magnitude * 0x1p-24);
            }
        }
    });
}
