// Gate and up to the activations of the next product: bits against scalar, values against the formula, and in their place.
#include <cmath>

#include "gemm_product.h"
#include "numbers.h"

using namespace qingmo;

namespace {

constexpr uint32_t kGroup = kActivationGroup;

// The next product has half as many inputs as this one has columns; int8 fills them up to a multiple of 64.
uint32_t joined(const Product& p) { return p.tiles * 8; }
ActivationRows untouched(const Product& p, bool quantized) {
    return ActivationRows(p.rows, quantized ? (joined(p) + kGroup - 1) / kGroup * kGroup : joined(p));
}

ActivationRows join(const Kernels& kernels, const Product& p, const Part& part, bool quantized) {
    ActivationRows next = untouched(p, quantized);
    multiply_swiglu(kernels, p, part, next.out(quantized));
    return next;
}

// Whole groups, or part of a last one.
uint32_t random_tiles(Random& random) { return random.pick<uint32_t>({2, 4, 6, 8, 10, 14, 20, 24}); }

Product random_quantized(Random& random, Scales scales) {
    const ElementType type = random.pick(kQuantized);
    const uint32_t group = type == ElementType::int8 ? random.pick<uint32_t>({64, 128, 192}) : smallest_group(type);
    const uint32_t inputs = std::max(group, kGroup) * random.pick<uint32_t>({1, 2, 3, 5});
    return quantized_product(random, {type, random_rows(random), random_tiles(random), inputs, group}, Pattern::random, scales);
}
Product random_float(Random& random, bool tame) {
    const ElementType type = random.pick({ElementType::float32, ElementType::float16, ElementType::bfloat16});
    return float_product(random, type, random_rows(random), random_tiles(random), random.pick<uint32_t>({1, 16, 129, 300}), tame);
}
Product random_tame(Random& random) { return random.chance(0.5) ? random_quantized(random, Scales::tame) : random_float(random, true); }

// Gates of hundreds and thousands, where silu is all but 0 or the gate itself.
Product with_large_gates(Product p) {
    for (float& x : p.floats) x *= 40;
    return p;
}

double silu_of_gate_times_up(const Product& p, const std::vector<float>& stored, uint32_t row, uint32_t input) {
    const float* pair = &stored[row * p.out_stride() + input / 16 * 32 + input % 16];
    const double gate = pair[0], up = pair[16];
    // e^-gate stays at e^88 where it is more.
    return gate / (1 + std::exp(std::min(-gate, 88.0))) * up;
}

bool inside(const Part& part, uint32_t row, uint32_t input) {
    return row >= part.row_begin && row < part.row_end && input >= part.tile_begin * 8 && input < part.tile_end * 8;
}

void check_floats(const Kernels& kernels, const Product& p, const Part& part, const std::vector<float>& stored) {
    const ActivationRows next = join(kernels, p, part, false);
    for (uint32_t i = 0; i < next.floats.size(); ++i) {
        const uint32_t row = i / joined(p), input = i % joined(p);
        if (!inside(part, row, input)) {
            CHECK_EQUAL(next.floats[i], float(ActivationRows::kUntouched));
            continue;
        }
        const double expected = silu_of_gate_times_up(p, stored, row, input);
        CHECK_NEAR(next.floats[i], expected, std::fabs(expected) * 1e-6 + 1e-36);
    }
}

void check_quantized(const Kernels& kernels, const Product& p, const Part& part, const std::vector<float>& stored) {
    const ActivationRows next = join(kernels, p, part, true);
    for (uint32_t row = part.row_begin; row < part.row_end; ++row) {
        const QuantizedRow q = next.quantized(row);
        for (uint32_t group = part.tile_begin / kGatedTiles; group < (part.tile_end + kGatedTiles - 1) / kGatedTiles; ++group) {
            int sums[2] = {};  // of all, of the first half
            for (uint32_t input = group * kGroup; input < (group + 1) * kGroup; ++input) {
                const double expected = input < joined(p) ? silu_of_gate_times_up(p, stored, row, input) : 0;
                CHECK_NEAR(q.values[input] * double(q.scales[group]), expected, q.scales[group] * 0.5002 + 1e-36);
                if (input >= joined(p)) CHECK_EQUAL(int(q.values[input]), 0);
                sums[0] += q.values[input];
                if (input % kGroup < kGroup / 2) sums[1] += q.values[input];
            }
            for (uint32_t i : {0, 1}) CHECK_EQUAL(q.corrections[2 * group + i], -128 * sums[i]);
        }
    }
}

}  // namespace

TEST(swiglu_gives_the_bits_of_scalar) {
    check::cases(120, [](Random& random) {
        const bool quantized = random.chance(0.6);  // only numbers, no infinity, can be quantized
        const Product p = quantized              ? random_tame(random)
                          : random.chance(0.5) ? random_quantized(random, Scales::wild)
                                               : random_float(random, false);
        const Part part = random_part(random, p, kGatedTiles);
        const ActivationRows expected = join(scalar_kernels(), p, part, quantized);
        for (const Kernels* kernels : other_kernels())
            ActivationRows::check_same(kernels->name, join(*kernels, p, part, quantized), expected);
    });
}

TEST(swiglu_is_silu_of_gate_times_up) {
    check::cases(60, [](Random& random) {
        const Product p = random.chance(0.2) ? with_large_gates(random_float(random, true)) : random_tame(random);
        const Part part = random_part(random, p, kGatedTiles);
        for (const Kernels* kernels : all_kernels()) {
            std::vector<float> stored(p.rows * p.out_stride(), NAN);
            multiply(*kernels, p, part, Epilogue::store, stored);
            check_floats(*kernels, p, part, stored);
            check_quantized(*kernels, p, part, stored);
        }
    });
}

// What the quantize kernel makes of a row's floats stands in the groups of the part; everything else is as it was.
TEST(swiglu_quantizes_in_place_and_writes_nothing_else) {
    check::cases(60, [](Random& random) {
        const Product p = random_tame(random);
        const Part part = random_part(random, p, kGatedTiles);
        for (const Kernels* kernels : all_kernels()) {
            const ActivationRows floats = join(*kernels, p, part, false);
            ActivationRows expected = untouched(p, true);
            const uint32_t first = part.tile_begin * 8, count = part.tile_end * 8 - first;
            for (uint32_t row = part.row_begin; row < part.row_end; ++row) {
                ActivationRows one(1, (count + kGroup - 1) / kGroup * kGroup);
                kernels->quantize(&floats.floats[row * joined(p) + first], count, 0, one.out(true));
                expected.put(row, one.quantized(0), first / kGroup);
            }
            ActivationRows::check_same(kernels->name, join(*kernels, p, part, true), expected);
        }
    });
}

// A row alone goes the way of few rows; the block may go that of many.
TEST(swiglu_gives_a_row_the_same_bits_alone_or_in_any_row_block) {
    check::cases(40, [](Random& random) {
        const Product p = random_tame(random);
        const Part part = random_part(random, p, kGatedTiles);
        const uint32_t row = part.row_begin + random.below(part.row_end - part.row_begin);
        const Product one = p.only(row);
        for (const Kernels* kernels : all_kernels())
            for (bool quantized : {false, true}) {
                const ActivationRows all = join(*kernels, p, part, quantized);
                ActivationRows of_row = untouched(one, quantized);
                if (quantized) of_row.put(0, all.quantized(row));
                else std::copy_n(&all.floats[row * joined(p)], joined(p), of_row.floats.begin());
                ActivationRows::check_same(kernels->name, join(*kernels, one, {0, 1, part.tile_begin, part.tile_end}, quantized), of_row);
            }
    });
}

// Few rows' sums wait for as many tiles as there is room for, a part of the last among them.
TEST(swiglu_of_few_rows_does_not_depend_on_how_many_tiles_there_are) {
    check::cases(12, [](Random& random) {
        const ElementType type = random.pick(kQuantized);
        const uint32_t rows = 1 + random.below(8), tiles = random.pick<uint32_t>({130, 144, 260});
        const Product p = quantized_product(random, {type, rows, tiles, 128, smallest_group(type)}, Pattern::random, Scales::tame);
        for (const Kernels* kernels : all_kernels())
            for (bool quantized : {false, true}) {
                ActivationRows by_groups = untouched(p, quantized);
                for (uint32_t tile = 0; tile < tiles; tile += kGatedTiles)
                    multiply_swiglu(*kernels, p, {0, rows, tile, std::min(tiles, tile + kGatedTiles)}, by_groups.out(quantized));
                ActivationRows::check_same(kernels->name, join(*kernels, p, whole(p), quantized), by_groups);
            }
    });
}
