// Attention over a paged cache: bits against scalar, a softmax in double, and nothing read that a row may not see.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "check.h"
#include "numbers.h"

using namespace qingmo;

namespace {

// One sequence's cache at one layer and head, in permuted blocks of a pool full of NaN, and its queries.
struct Scene {
    uint32_t head_dim, heads_per_kv, kv_head, first_position, tokens;
    CacheType type;
    size_t block_bytes;
    std::vector<uint8_t> pool;
    std::vector<int32_t> table;
    std::vector<float> queries;  // [tokens][query_stride]; heads of other key/value heads are NaN

    size_t element_bytes() const { return type == CacheType::float32 ? 4 : 2; }
    size_t query_stride() const { return size_t(kv_head + 2) * heads_per_kv * head_dim; }
    uint32_t rows() const { return tokens * heads_per_kv; }
    uint32_t positions() const { return first_position + tokens; }

    uint8_t* key_at(uint32_t position, uint32_t d) {
        const uint32_t slot = position % 16;
        return element(position, type == CacheType::int16 ? d / 2 * 32 + slot * 2 + d % 2 : d * 16 + slot);
    }
    uint8_t* value_at(uint32_t position, uint32_t d) {
        const uint32_t slot = position % 16;
        return element(position, head_dim * 16 + (type == CacheType::int16 ? slot / 2 * head_dim * 2 + d * 2 + slot % 2 : slot * head_dim + d));
    }
    uint8_t* key_scale(uint32_t position) { return element(position, head_dim * 32) + position % 16 * 4; }
    uint8_t* value_scale(uint32_t position) { return key_scale(position) + 64; }
    double read_key(uint32_t position, uint32_t d) { return read(key_at(position, d), key_scale(position)); }
    double read_value(uint32_t position, uint32_t d) { return read(value_at(position, d), value_scale(position)); }
    float* query(uint32_t row) {
        return &queries[row / heads_per_kv * query_stride() + (kv_head * heads_per_kv + row % heads_per_kv) * head_dim];
    }
    AttentionTask task(const float* prepared, uint32_t row_begin, uint32_t row_end) const {
        return {prepared, query_stride(), heads_per_kv, kv_head, head_dim, first_position, row_begin, row_end,
                pool.data(), block_bytes, table.data(), type, 1.0f / std::sqrt(float(head_dim))};
    }
    std::vector<float> prepared_queries(const Kernels& kernels) const {
        std::vector<float> prepared = queries;
        kernels.prepare_queries(prepared.data(), uint32_t(prepared.size() / head_dim), head_dim, type);
        return prepared;
    }
    void store(uint32_t position, const std::vector<float>& key, const std::vector<float>& value) {
        scalar_kernels().store_kv(key.data(), value.data(), head_dim, position % 16, type, element(position, 0));
    }
    void fill(Random& random, uint32_t position) {
        if (type == CacheType::int16) return store(position, random.normals(head_dim), random.normals(head_dim));
        for (uint32_t d = 0; d < head_dim; ++d)
            for (uint8_t* at : {key_at(position, d), value_at(position, d)}) {
                const float x = random.normal();
                const uint16_t half = half_at_random_scale(random.bits());
                if (type == CacheType::float32) std::memcpy(at, &x, 4);
                else std::memcpy(at, &half, 2);
            }
    }
    void poison(uint32_t position) {
        for (uint32_t d = 0; d < head_dim; ++d) {
            std::memset(key_at(position, d), 0xff, element_bytes());
            std::memset(value_at(position, d), 0xff, element_bytes());
        }
        if (type == CacheType::int16)
            for (uint8_t* scale : {key_scale(position), value_scale(position)}) std::memset(scale, 0xff, 4);
    }

   private:
    uint8_t* element(uint32_t position, size_t at) {
        return pool.data() + size_t(table[position / 16]) * block_bytes + at * element_bytes();
    }
    double read(const uint8_t* at, const uint8_t* scale) const {
        if (type == CacheType::float32) return *reinterpret_cast<const float*>(at);
        if (type == CacheType::float16) return half_value(*reinterpret_cast<const uint16_t*>(at));
        return *reinterpret_cast<const int16_t*>(at) * double(*reinterpret_cast<const float*>(scale));
    }
};

Scene random_scene(Random& random, float query_scale = 1) {
    Scene s;
    s.head_dim = random.pick<uint32_t>({16, 48, 64, 128, 256});
    s.heads_per_kv = random.pick<uint32_t>({1, 2, 7, 8});
    s.kv_head = random.below(2);
    s.first_position = random.pick<uint32_t>({0, 1, 14, 15, 16, 30, 100, 239, 250, 254, 255, 256, 257, 300, 510, 511, 512, 513});
    s.tokens = random.pick<uint32_t>({1, 1, 2, 3, 5, 8, 20});
    s.type = random.pick({CacheType::int16, CacheType::float16, CacheType::float32});
    s.block_bytes = kv_head_bytes(s.head_dim, s.type) + 128;
    const int blocks = int(s.positions() + 15) / 16;
    s.pool.assign(size_t(blocks + 3) * s.block_bytes, 0xff);
    s.table = random.permutation(blocks + 3);
    s.table.resize(size_t(blocks));
    for (uint32_t position = 0; position < s.positions(); ++position) s.fill(random, position);
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
    const std::vector<float> queries = s.prepared_queries(kernels);
    const AttentionTask task = s.task(queries.data(), begin, end);
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
        for (uint32_t d = 0; d < s.head_dim; ++d) score[key] += s.query(row)[d] * s.read_key(key, d);
        score[key] /= std::sqrt(double(s.head_dim));
        top = std::max(top, score[key]);
    }
    for (double& x : score) sum += x = std::exp(x - top);
    for (uint32_t key = 0; key < keys; ++key)
        for (uint32_t d = 0; d < s.head_dim; ++d) out[d] += score[key] / sum * s.read_value(key, d);
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
                const double tolerance = s.type == CacheType::int16 ? 3e-3 : 1e-4;  // values are below 6
                for (uint32_t d = 0; d < s.head_dim; ++d)
                    CHECK_NEAR(got.out[(row - rows.begin) * s.head_dim + d], expected[d], tolerance);
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
    check::cases(90, [](Random& random) {
        Scene s;
        s.head_dim = random.pick<uint32_t>({16, 64, 128, 256});
        s.type = random.pick({CacheType::int16, CacheType::float16, CacheType::float32});
        s.block_bytes = kv_head_bytes(s.head_dim, s.type) + 64;
        s.pool.assign(s.block_bytes, 0xee);
        s.table = {0};
        const uint32_t slot = random.below(16);
        const std::vector<float> key = random.wild(s.head_dim), value = random.wild(s.head_dim);
        s.store(slot, key, value);
        for (const Kernels* kernels : all_kernels()) {
            std::vector<uint8_t> block(s.pool.size(), 0xee);
            kernels->store_kv(key.data(), value.data(), s.head_dim, slot, s.type, block.data());
            CHECK_SAME(kernels->name, block, s.pool);
        }
        for (uint32_t d = 0; d < s.head_dim; ++d) {
            if (s.type == CacheType::float16) break;  // test_half.cpp
            if (s.type == CacheType::float32) {
                CHECK_EQUAL(bits_of_float(*reinterpret_cast<float*>(s.key_at(slot, d))), bits_of_float(key[d]));
                CHECK_EQUAL(bits_of_float(*reinterpret_cast<float*>(s.value_at(slot, d))), bits_of_float(value[d]));
                continue;
            }
            CHECK(std::fabs(s.read_key(slot, d) - key[d]) <= *reinterpret_cast<float*>(s.key_scale(slot)) * 0.5001);
            CHECK(std::fabs(s.read_value(slot, d) - value[d]) <= *reinterpret_cast<float*>(s.value_scale(slot)) * 0.5001);
        }
        // What it may write is overwritten, and then all must be as before.
        for (uint32_t d = 0; d < s.head_dim; ++d)
            for (uint8_t* at : {s.key_at(slot, d), s.value_at(slot, d)}) std::memset(at, 0xee, s.element_bytes());
        if (s.type == CacheType::int16)
            for (uint8_t* at : {s.key_scale(slot), s.value_scale(slot)}) std::memset(at, 0xee, 4);
        for (uint8_t byte : s.pool) CHECK_EQUAL(int(byte), 0xee);
    });
}

// The steps that a head's numbers have are bounded by what its sums hold: the largest ones of one sign come out right.
TEST(attention_over_int16_does_not_overflow) {
    for (uint32_t head_dim : {64u, 128u, 256u}) {
        Scene s;
        s.type = CacheType::int16;
        s.head_dim = head_dim, s.heads_per_kv = 1, s.kv_head = 0, s.first_position = 255, s.tokens = 1;
        s.block_bytes = kv_head_bytes(head_dim, s.type);
        s.pool.assign(16 * s.block_bytes, 0);
        s.table.resize(16);
        std::iota(s.table.begin(), s.table.end(), 0);
        s.queries.assign(s.query_stride(), 3.0f);
        for (uint32_t position = 0; position < 256; ++position)
            s.store(position, std::vector<float>(head_dim, 2.0f), std::vector<float>(head_dim, -5.0f));
        for (const Kernels* kernels : all_kernels()) {
            const Attended got = attend(*kernels, s, 0, 1);
            CHECK_NEAR(got.states[got.states.size() / 2], 6.0 * std::sqrt(double(head_dim)), 1e-3);
            for (float x : got.out) CHECK_NEAR(x, -5.0, 1e-4);
        }
    }
}
