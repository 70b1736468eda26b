// A whole model: the same bits however its tokens are computed, and the right ones.
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <thread>

#include "check.h"
#include "numbers.h"
#include "plain_model.h"
#include "toy_model.h"

using namespace qingmo;

namespace {

const Kernels& best() { return *find_kernels(nullptr); }

// Where a slow emulator runs the tests, one model of integers and one of floats (the digest is of all).
void for_each_model(const std::function<void(const ToyModel&)>& body) {
    const size_t step = check::thorough() ? 1 : 2, end = check::thorough() ? toy_configs().size() : 3;
    for (size_t i = 0; i < end; i += step) body(ToyModel(toy_configs()[i]));
}

// In one forward, by the best kernels, on one thread.
std::vector<float> expected_logits(const ToyModel& model, const ToySequence& sequence) {
    ToyEngine engine(model, best(), 1);
    fill_context(engine, sequence);
    const std::vector<float> logits = forward(engine, {{&sequence, 0, uint32_t(sequence.token_ids.size())}});
    for (float x : logits) CHECK(std::isfinite(x));
    return logits;
}

void check_logits(const char* how, const ToyModel& model, const std::vector<float>& got, const std::vector<float>& expected) {
    CHECK_EQUAL(got.size(), expected.size());
    CHECK_SAME_BITS(std::string(how) + ", " + model.config.name, got.data(), expected.data(), expected.size());
}

// Contexts around the chunks of 256 keys; what stands before them is made up, for quickness.
std::vector<uint32_t> long_contexts() { return check::thorough() ? std::vector<uint32_t>{230, 250, 500, 509} : std::vector<uint32_t>{509}; }

}  // namespace

TEST(decoder_follows_the_models_definition) {
    for_each_model([](const ToyModel& model) {
        if (model.config.kv_type != CacheType::float32) return;  // the definition knows no rounding
        Random random(1);
        const ToySequence sequence = toy_sequence(random, model, 20);
        const std::vector<double> expected = plain_logits(model, sequence.token_ids);
        const std::vector<float> got = expected_logits(model, sequence);
        CHECK_EQUAL(got.size(), expected.size());
        for (size_t i = 0; i < got.size(); ++i) CHECK_NEAR(got[i], expected[i], 1e-4);  // logits are of the order of 1
    });
}

TEST(decoder_gives_the_same_bits_in_any_chunks) {
    for_each_model([](const ToyModel& model) {
        Random random(2);
        const ToySequence sequence = toy_sequence(random, model, 40);
        const std::vector<float> expected = expected_logits(model, sequence);
        for (uint32_t chunk : {1u, 5u, 16u}) {
            ToyEngine engine(model, best(), 2);
            check_logits("chunks", model, forward_in_chunks(engine, sequence, chunk), expected);
        }
    });
}

TEST(decoder_gives_the_same_bits_with_any_threads) {
    for_each_model([](const ToyModel& model) {
        Random random(3);
        const ToySequence sequence = toy_sequence(random, model, 30);
        const std::vector<float> expected = expected_logits(model, sequence);
        for (int threads : {2, 4}) {
            ToyEngine engine(model, best(), threads);
            check_logits("threads", model, forward_in_chunks(engine, sequence, 30), expected);
        }
    });
}

TEST(decoder_gives_the_same_bits_where_workers_are_late_with_every_product) {
    static const std::thread::id caller = std::this_thread::get_id();
    Kernels late = best();
    late.gemm = [](const GemmTask& task) {
        if (std::this_thread::get_id() != caller) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        best().gemm(task);
    };
    int64_t taken = 0;
    for_each_model([&](const ToyModel& model) {
        Random random(12);
        const ToySequence sequence = toy_sequence(random, model, 16);
        const std::vector<float> expected = expected_logits(model, sequence);
        for (uint32_t chunk : {1u, 8u})
            for (int threads : {2, 3}) {
                ToyEngine engine(model, late, threads);
                check_logits("late workers", model, forward_in_chunks(engine, sequence, chunk), expected);
                taken += engine.decoder().pool().pieces_taken();
            }
    });
    CHECK(taken > 0);
}

TEST(decoder_gives_the_same_bits_on_every_instruction_set) {
    for_each_model([](const ToyModel& model) {
        Random random(4);
        const ToySequence sequence = toy_sequence(random, model, 30);
        const std::vector<float> expected = expected_logits(model, sequence);
        for (const Kernels* kernels : all_kernels()) {
            ToyEngine engine(model, *kernels, 2);
            check_logits(kernels->name, model, forward_in_chunks(engine, sequence, 7), expected);
        }
    });
}

TEST(decoder_gives_the_same_bits_in_any_blocks) {
    for_each_model([](const ToyModel& model) {
        Random random(5);
        ToySequence sequence = toy_sequence(random, model, 12, 100);
        const std::vector<float> expected = expected_logits(model, sequence);
        const std::vector<int32_t> elsewhere = random.permutation(int(kToyBlocks));
        sequence.blocks.assign(elsewhere.begin(), elsewhere.begin() + long(sequence.blocks.size()));
        check_logits("blocks", model, expected_logits(model, sequence), expected);
    });
}

// Prefill beside decode, of sequences that begin and end at different times; one of the neighbours is all NaN.
TEST(decoder_gives_the_same_bits_beside_other_sequences) {
    for_each_model([](const ToyModel& model) {
        Random random(6);
        const ToySequence a = toy_sequence(random, model, 23, 0, 0), b = toy_sequence(random, model, 40, 0, 5);
        const ToySequence c = toy_sequence(random, model, 9, 257, 10), nan = toy_sequence(random, model, 30, 20, 40);
        const std::vector<float> of_a = expected_logits(model, a), of_b = expected_logits(model, b), of_c = expected_logits(model, c);
        ToyEngine engine(model, best(), 2);
        fill_context(engine, c);
        fill_context(engine, nan, true);
        std::vector<float> got_a, got_b, got_c;
        auto take = [&](std::vector<float>& to, const std::vector<float>& from, uint32_t first, uint32_t rows) {
            const size_t v = model.shape.vocab_size;
            to.insert(to.end(), &from[first * v], &from[0] + (first + rows) * v);
        };
        std::vector<float> step = forward(engine, {{&nan, 0, 6}, {&a, 0, 17}, {&c, 0, 1}});
        take(got_a, step, 6, 17), take(got_c, step, 23, 1);
        CHECK(std::isnan(step[0]) || model.config.kv_type == CacheType::int16);  // whole numbers know no NaN
        step = forward(engine, {{&c, 1, 2}, {&a, 17, 18}, {&b, 0, 33}, {&nan, 6, 7}});
        take(got_c, step, 0, 1), take(got_a, step, 1, 1), take(got_b, step, 2, 33);
        step = forward(engine, {{&b, 33, 40}, {&nan, 7, 30}, {&c, 2, 9}, {&a, 18, 23}});
        take(got_b, step, 0, 7), take(got_c, step, 30, 7), take(got_a, step, 37, 5);
        check_logits("first", model, got_a, of_a);
        check_logits("second", model, got_b, of_b);
        check_logits("third", model, got_c, of_c);
    });
}

// On one thread a context's chunks are merged as they are computed, on several they are computed apart.
TEST(decoder_gives_the_same_bits_over_long_contexts) {
    for_each_model([](const ToyModel& model) {
        for (uint32_t begin : long_contexts()) {
            Random random(7);
            const ToySequence sequence = toy_sequence(random, model, check::thorough() ? 20 : 3, begin);
            const std::vector<float> expected = expected_logits(model, sequence);
            for (int threads : {1, 2, 4})
                for (uint32_t chunk : {1u, 7u}) {
                    if (chunk == 1 && !check::thorough()) continue;
                    ToyEngine engine(model, best(), threads);
                    fill_context(engine, sequence);
                    check_logits("long context", model, forward_in_chunks(engine, sequence, chunk), expected);
                }
            ToyEngine scalar(model, scalar_kernels(), 2);
            fill_context(scalar, sequence);
            check_logits("long context, scalar", model, forward_in_chunks(scalar, sequence, 20), expected);
        }
    });
}

TEST(decoder_gives_the_same_bits_for_a_prompt_of_many_row_blocks) {
    const ToyModel model(toy_configs()[0]);
    Random random(8);
    const ToySequence sequence = toy_sequence(random, model, check::thorough() ? 550 : 20);
    const std::vector<float> expected = expected_logits(model, sequence);
    for (uint32_t chunk : {100u, 300u}) {
        ToyEngine engine(model, best(), 2);
        check_logits("chunks", model, forward_in_chunks(engine, sequence, chunk), expected);
    }
}

// Of several sequences, one of them none; the last of one and the first of the next; over a context of some chunks.
TEST(decoder_gives_the_same_bits_where_only_some_outputs_are_wanted) {
    for_each_model([](const ToyModel& model) {
        Random random(9);
        const ToySequence a = toy_sequence(random, model, 20, 0, 0), b = toy_sequence(random, model, 20, 500, 5), c = toy_sequence(random, model, 5, 0, 45);
        std::vector<float> expected = expected_logits(model, a);
        for (const ToySequence* other : {&c, &b}) {
            const std::vector<float> more = expected_logits(model, *other);
            expected.insert(expected.end(), more.begin(), more.end());
        }
        ToyBatch batch({{&a, 0, 20}, {&c, 0, 5}, {&b, 0, 20}});
        const std::vector<std::vector<int32_t>> wanted = {{2, 3, 17, 19}, {0, 19, 20, 24, 25}, {19, 44}, {30}, {1, 26, 27, 28}, {}};
        for (int threads : {1, 2, 4})
            for (const std::vector<int32_t>& rows : wanted) {
                ToyEngine engine(model, best(), threads);
                fill_context(engine, b);
                batch.output_rows = rows;
                engine.decoder().forward(batch.view(), 0, 2, nullptr, nullptr);
                CHECK_EQUAL(engine.decoder().logits_rows(), uint32_t(rows.size()));
                for (size_t i = 0; i < rows.size(); ++i)
                    CHECK_SAME_BITS("row", engine.decoder().logits(uint32_t(i)), &expected[size_t(rows[i]) * model.shape.vocab_size], model.shape.vocab_size);
            }
    });
}

TEST(decoder_gives_the_same_hidden_state_of_a_middle_layer_where_only_some_outputs_are_wanted) {
    for_each_model([](const ToyModel& model) {
        Random random(13);
        const ToySequence sequence = toy_sequence(random, model, 20);
        const uint32_t h = model.shape.hidden_size;
        ToyEngine engine(model, best(), 2);
        ToyBatch batch({{&sequence, 0, 20}});
        std::vector<float> all(20 * h, NAN), some(3 * h, NAN);
        engine.decoder().forward(batch.view(), 0, 1, nullptr, all.data());
        batch.output_rows = {0, 7, 19};
        engine.decoder().forward(batch.view(), 0, 1, nullptr, some.data());
        for (size_t i = 0; i < 3; ++i) CHECK_SAME_BITS(model.config.name, &some[i * h], &all[size_t(batch.output_rows[i]) * h], h);
    });
}

TEST(decoder_gives_the_same_bits_with_the_hidden_state_handed_over_between_layers) {
    for_each_model([](const ToyModel& model) {
        Random random(10);
        const ToySequence sequence = toy_sequence(random, model, 20);
        const std::vector<float> expected = expected_logits(model, sequence);
        ToyEngine first(model, best(), 2), second(model, best(), 1);
        const ToyBatch batch({{&sequence, 0, 20}});
        std::vector<float> hidden(20 * model.shape.hidden_size, NAN);
        first.decoder().forward(batch.view(), 0, 1, nullptr, hidden.data());
        second.decoder().forward(batch.view(), 1, 2, hidden.data(), nullptr);
        for (uint32_t row = 0; row < 20; ++row)
            CHECK_SAME_BITS(model.config.name, second.decoder().logits(row), &expected[row * model.shape.vocab_size], model.shape.vocab_size);
    });
}

TEST(decoder_gives_hidden_states_after_the_final_norm_at_the_last_layer) {
    for_each_model([](const ToyModel& model) {
        if (model.quantized()) return;  // the head sees them quantized
        Random random(11);
        const ToySequence sequence = toy_sequence(random, model, 10);
        const std::vector<float> logits = expected_logits(model, sequence);
        ToyEngine engine(model, best(), 2);
        ToyBatch batch({{&sequence, 0, 10}});
        batch.output_rows = {4, 9};
        const uint32_t h = model.shape.hidden_size, v = model.shape.vocab_size;
        std::vector<float> hidden(2 * h, NAN);
        engine.decoder().forward(batch.view(), 0, 2, nullptr, hidden.data());
        const ToyMatrix& head = model.matrices.at(model.shape.tied_head ? "embed" : "head");
        for (uint32_t i = 0; i < 2; ++i)
            for (uint32_t id = 0; id < v; ++id) {
                double sum = 0;
                for (uint32_t k = 0; k < h; ++k) sum += double(hidden[i * h + k]) * head.at(id, k);
                CHECK_NEAR(logits[size_t(batch.output_rows[i]) * v + id], sum, 1e-5);
            }
    });
}

TEST(decoder_writes_the_same_blocks_in_any_chunks_and_no_others) {
    const ToyModel model(toy_configs()[0]);
    Random random(12);
    const ToySequence sequence = toy_sequence(random, model, 40, 0, 3);
    ToyEngine whole(model, best(), 2), pieces(model, scalar_kernels(), 1);
    forward_in_chunks(whole, sequence, 40);
    forward_in_chunks(pieces, sequence, 3);
    for (uint32_t id = 0; id < kToyBlocks; ++id) {
        CHECK(std::memcmp(whole.kv().block(id), pieces.kv().block(id), whole.kv().block_bytes()) == 0);
        if (id >= 3 && id < 6) continue;
        for (size_t i = 0; i < whole.kv().block_bytes(); ++i) CHECK_EQUAL(int(whole.kv().block(id)[i]), 0xff);
    }
}
