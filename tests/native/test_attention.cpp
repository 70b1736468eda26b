// Attention over a paged cache: bits against scalar, a softmax in double, and nothing read that a row may not see.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "check.h"
#include "numbers.h"

using namespace qingmo;

namespace {

// One sequence's cache at one layer and head, in permuted blocks of a pool full of NaN, and its queries.
struct Scene {
    uint32_t head_dim, heads_per_kv, kv_head, first_position, tokens;
    ElementType type;
    size_t block_bytes;
    std::vector<uint8_t> pool;
    std::vector<int32_t> table;
    std::vector<float> queries;  // [tokens][query_stride]; heads of other key/value heads are NaN

    size_t element_bytes() const { return type == ElementType::float32 ? 4 : 2; }
    size_t query_stride() const { return size_t(kv_head + 2) * heads_per_kv * head_dim; }
    uint32_t rows() const { return tokens * heads_per_kv; }
    uint32_t positions() const { return first_position + tokens; }

    uint8_t* key_at(uint32_t position, uint32_t d) { return element(position, d * 16 + position % 16); }
    uint8_t* value_at(uint32_t position, uint32_t d) { return element(position, head_dim * 16 + position % 16 * head_dim + d); }
    double read(const uint8_t* at) const {
        if (type == ElementType::float32) return *reinterpret_cast<const float*>(at);
        return half_value(*reinterpret_cast<const uint16_t*>(at));
    }
    float* query(uint32_t row) {
        return &queries[row / heads_per_kv * query_stride() + (kv_head * heads_per_kv + row % heads_per_kv) * head_dim];
    }
    AttentionTask task(uint32_t row_begin, uint32_t row_end) const {
        return {queries.data(), query_stride(), heads_per_kv, kv_head, head_dim, first_position, row_begin, row_end,
                pool.data(), block_bytes, table.data(), type, 1.0f / std::sqrt(float(head_dim))};
    }
    void poison(uint32_t position) {
        for (uint32_t d = 0; d < head_dim; ++d) {
            std::memset(key_at(position, d), 0xff, element_bytes());
            std::memset(value_at(position, d), 0xff, element_bytes());
        }
    }

   private:
    uint8_t* element(uint32_t position, size_t at) {
        return pool.data() + size_t(table[position / 16]) * block_bytes + at * element_bytes();
    }
};

void fill_element(Random& random, ElementType type, float scale, uint8_t* at) {
    const float x = random.normal() * scale;
    const uint16_t half = half_at_random_scale(random.bits());
    if (type == ElementType::float32) std::memcpy(at, &x, 4);
    else std::memcpy(at, &half, 2);
}

Scene random_scene(Random& random, float query_scale = 1) {
    Scene s;
    s.head_dim = random.pick<uint32_t>({16, 48, 64, 128, 256});
    s.heads_per_kv = random.pick<uint32_t>({1, 2, 7, 8});
    s.kv_head = random.below(2);
    s.first_position = random.pick<uint32_t>({0, 1, 14, 15, 16, 30, 100, 239, 250, 254, 255, 256, 257, 300, 510, 511, 512, 513});
    s.tokens = random.pick<uint32_t>({1, 1, 2, 3, 5, 8, 20});
    s.type = random.pick({ElementType::float16, ElementType::float16, ElementType::float32});
    s.block_bytes = 2 * 16 * s.head_dim * s.element_bytes() + 128;
    const int blocks = int(s.positions() + 15) / 16;
    s.pool.assign(size_t(blocks + 3) * s.block_bytes, 0xff);
    s.table = random.permutation(blocks + 3);
    s.table.resize(size_t(blocks));
    for (uint32_t position = 0; position < s.positions(); ++position)
        for (uint32_t d = 0; d < s.head_dim; ++d) {
            fill_element(random, s.type, 1, s.key_at(position, d));
            fill_element(random, s.type, 1, s.value_at(position, d));
        }
    s.queries.assign(s.tokens * s.query_stride(), NAN);
    for (uint32_t row = 0; row < s.rows(); ++row)
        for (uint32_t d = 0; d < s.head_dim; ++d) s.query(row)[d] = random.normal() * query_scale;
    return s;
}

// All chunks merged in order: the states of rows [begin, end) as [chunk][rows][state], then the outputs [rows][head_dim].
struct Attended {
    std::vector<float> states, out;
};

Attended attend(const Kernels& kernels, const Scene& s, uint32_t begin, uint32_t end) {
    const AttentionTask task = s.task(begin, end);
    const size_t state = attention_state_floats(s.head_dim), size = (end - begin) * state;
    const uint32_t chunks = (s.first_position + (end - 1) / s.heads_per_kv) / kAttentionChunk + 1;
    Attended result;
    std::vector<float> merged(size), later(size), wide(attention_wide_floats(s.head_dim));
    for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
        kernels.attention_chunk(task, chunk, chunk ? later.data() : merged.data(), wide.data());
        if (chunk) kernels.attention_merge(s.head_dim, end - begin, merged.data(), later.data());
        result.states.insert(result.states.end(), later.begin(), later.end());
        result.states.insert(result.states.end(), merged.begin(), merged.end());
    }
    result.out.resize((end - begin) * s.head_dim);
    for (uint32_t r = 0; r < end - begin; ++r) kernels.attention_finish(s.head_dim, &merged[r * state], &result.out[r * s.head_dim]);
    return result;
}

struct Rows {
    uint32_t begin, end;
};

// Few, as when tokens are decoded, or as many as share a copy of keys and values.
Rows random_rows(Random& random, const Scene& s) {
    const uint32_t begin = random.chance(0.5) ? 0 : random.below(s.rows());
    return {begin, std::min(s.rows(), begin + 1 + random.below(random.pick<uint32_t>({8, 8, 112})))};
}

std::vector<double> softmax_in_double(Scene& s, uint32_t row) {
    const uint32_t keys = s.first_position + row / s.heads_per_kv + 1;
    std::vector<double> score(keys), out(s.head_dim);
    double top = -INFINITY, sum = 0;
    for (uint32_t key = 0; key < keys; ++key) {
        for (uint32_t d = 0; d < s.head_dim; ++d) score[key] += s.query(row)[d] * s.read(s.key_at(key, d));
        score[key] /= std::sqrt(double(s.head_dim));
        top = std::max(top, score[key]);
    }
    for (double& x : score) sum += x = std::exp(x - top);
    for (uint32_t key = 0; key < keys; ++key)
        for (uint32_t d = 0; d < s.head_dim; ++d) out[d] += score[key] / sum * s.read(s.value_at(key, d));
    return out;
}

}  // namespace

TEST(attention_gives_the_bits_of_scalar) {
    check::cases(150, [](Random& random) {
        const Scene s = random_scene(random, random.pick({1.0f, 1.0f, 0.0f, 1e-40f, 100.0f, 1e30f}));
        const Rows rows = random_rows(random, s);
        const Attended expected = attend(scalar_kernels(), s, rows.begin, rows.end);
        for (const Kernels* kernels : other_kernels()) {
            const Attended got = attend(*kernels, s, rows.begin, rows.end);
            CHECK_SAME_BITS("states", got.states.data(), expected.states.data(), expected.states.size());
            CHECK_SAME_BITS("out", got.out.data(), expected.out.data(), expected.out.size());
        }
    });
}

TEST(attention_is_a_softmax_over_the_keys_a_row_sees) {
    check::cases(60, [](Random& random) {
        Scene s = random_scene(random, random.pick({1.0f, 0.0f, 5.0f}));
        const Rows rows = random_rows(random, s);
        for (const Kernels* kernels : all_kernels()) {
            const Attended got = attend(*kernels, s, rows.begin, rows.end);
            for (uint32_t row = rows.begin; row < rows.end; ++row) {
                const std::vector<double> expected = softmax_in_double(s, row);
                for (uint32_t d = 0; d < s.head_dim; ++d)
                    CHECK_NEAR(got.out[(row - rows.begin) * s.head_dim + d], expected[d], 1e-4);  // values are below 6
            }
        }
    });
}

// Another row's query, and keys and values at later positions, may hold anything.
TEST(attention_rows_see_nothing_but_their_own_query_and_past) {
    check::cases(80, [](Random& random) {
        const Scene s = random_scene(random);
        const Rows rows = random_rows(random, s);
        const uint32_t row = rows.begin + random.below(rows.end - rows.begin);
        Scene poisoned = s;
        for (uint32_t other = 0; other < s.rows(); ++other)
            if (other != row) std::fill_n(poisoned.query(other), s.head_dim, NAN);
        for (uint32_t later = s.first_position + row / s.heads_per_kv + 1; later < s.positions(); ++later) poisoned.poison(later);
        for (const Kernels* kernels : all_kernels()) {
            const Attended together = attend(*kernels, s, rows.begin, rows.end), alone = attend(*kernels, s, row, row + 1);
            const Attended beside_nan = attend(*kernels, poisoned, rows.begin, rows.end);
            const size_t at = (row - rows.begin) * s.head_dim;
            CHECK(std::isfinite(alone.out[0]));
            CHECK_SAME_BITS("together", &together.out[at], alone.out.data(), s.head_dim);
            CHECK_SAME_BITS("beside NaN", &beside_nan.out[at], alone.out.data(), s.head_dim);
        }
    });
}

TEST(attention_does_not_depend_on_where_blocks_lie) {
    check::cases(20, [](Random& random) {
        const Scene s = random_scene(random);
        Scene moved = s;
        std::reverse(moved.table.begin(), moved.table.end());
        for (size_t i = 0; i < s.table.size(); ++i)
            std::memcpy(&moved.pool[size_t(moved.table[i]) * s.block_bytes], &s.pool[size_t(s.table[i]) * s.block_bytes], s.block_bytes);
        const Rows rows = random_rows(random, s);
        for (const Kernels* kernels : all_kernels()) {
            const Attended here = attend(*kernels, s, rows.begin, rows.end), there = attend(*kernels, moved, rows.begin, rows.end);
            CHECK_SAME_BITS("out", here.out.data(), there.out.data(), here.out.size());
        }
    });
}

TEST(attention_merge_leaves_a_row_alone_that_sees_no_key_of_the_later_chunk) {
    constexpr uint32_t kHeadDim = 64;
    const size_t state = attention_state_floats(kHeadDim);
    Random random(7);
    for (const Kernels* kernels : all_kernels()) {
        std::vector<float> states = random.normals(2 * state), later(2 * state, NAN), before = states;
        later[0] = -INFINITY, later[1] = 0;
        for (size_t i = state; i < 2 * state; ++i) later[i] = 1;
        kernels->attention_merge(kHeadDim, 2, states.data(), later.data());
        CHECK_SAME_BITS("first row", states.data(), before.data(), state);
        CHECK(states[state + 1] != before[state + 1]);
    }
}

TEST(store_kv_writes_one_slot_and_nothing_else) {
    check::cases(60, [](Random& random) {
        const uint32_t head_dim = random.pick<uint32_t>({16, 64, 128, 256}), slot = random.below(16);
        const ElementType type = random.pick({ElementType::float16, ElementType::float32});
        const size_t width = type == ElementType::float32 ? 4 : 2, elements = 2 * 16 * head_dim;
        const std::vector<float> key = random.wild(head_dim), value = random.wild(head_dim);
        std::vector<uint8_t> expected(elements * width + 64, 0xee);
        scalar_kernels().store_kv(key.data(), value.data(), head_dim, slot, type, expected.data());
        for (const Kernels* kernels : all_kernels()) {
            std::vector<uint8_t> block(expected.size(), 0xee);
            kernels->store_kv(key.data(), value.data(), head_dim, slot, type, block.data());
            CHECK_SAME(kernels->name, block, expected);
        }
        for (size_t i = 0; i < expected.size(); ++i) {
            const size_t at = i / width, in_values = at - 16 * head_dim;
            const bool own = at < 16 * head_dim ? at % 16 == slot : at < elements && in_values / head_dim == slot;
            if (!own) CHECK_EQUAL(int(expected[i]), 0xee);
        }
        if (type == ElementType::float32) {
            const auto* floats = reinterpret_cast<const float*>(expected.data());
            for (uint32_t d = 0; d < head_dim; ++d) {
                CHECK_EQUAL(bits_of_float(floats[d * 16 + slot]), bits_of_float(key[d]));
                CHECK_EQUAL(bits_of_float(floats[16 * head_dim + slot * head_dim + d]), bits_of_float(value[d]));
            }
        }
    });
}
