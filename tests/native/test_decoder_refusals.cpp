// Batches and files that break the rules are refused before anything is written.
#include <climits>
#include <functional>

#include "check.h"
#include "numbers.h"
#include "toy_model.h"

using namespace qingmo;

namespace {

struct Call {
    ToyBatch batch;
    Batch view;
    uint32_t begin = 0, end = 2;
    const float* hidden_in = nullptr;
    float* hidden_out = nullptr;
};

struct Scene {
    ToyModel model{toy_configs()[0]};
    ToyEngine engine{model, *find_kernels(nullptr), 2};
    Random random{1};
    ToySequence a = toy_sequence(random, model, 8, 0, 0), b = toy_sequence(random, model, 8, 0, 2);

    Scene() { forward(engine, {{&a, 0, 5}, {&b, 0, 5}}); }
    uint64_t digest() {
        const uint64_t kv = digest_of(engine.kv().block(0), engine.kv().block_bytes() * kToyBlocks);
        return digest_of(engine.decoder().logits(0), engine.decoder().logits_width() * 10 * sizeof(float), kv);
    }
};

// Refused with `rule` in the message, and nothing written: neither KV blocks nor logits nor the hidden state.
void check_refused(const char* rule, const std::function<void(Call&)>& spoil) {
    Scene scene;
    const uint64_t before = scene.digest();
    std::vector<float> hidden(kToyRows * scene.model.shape.hidden_size, 7);
    Call call{ToyBatch({{&scene.a, 5, 8}, {&scene.b, 5, 6}}), {}};
    call.view = call.batch.view();
    spoil(call);
    CHECK_THROWS(std::invalid_argument, std::string("batch: ") + rule,
                 scene.engine.decoder().forward(call.view, call.begin, call.end, call.hidden_in, call.hidden_out));
    CHECK_EQUAL(scene.digest(), before);
    CHECK_EQUAL(scene.engine.decoder().logits_rows(), 10u);
}

}  // namespace

TEST(decoder_refuses_too_few_and_too_many_rows) {
    check_refused("rows must be", [](Call& c) { c.view.rows = 0; });
    check_refused("rows must be", [](Call& c) { c.view.rows = kToyRows + 1; });
}

TEST(decoder_refuses_layers_it_has_not) {
    check_refused("layers must be a range", [](Call& c) { c.begin = 2; });
    check_refused("layers must be a range", [](Call& c) { c.end = 3; });
    check_refused("layers must be a range", [](Call& c) { c.begin = 1, c.end = 1; });
    check_refused("hidden_in is needed", [](Call& c) { c.begin = 1; });
    check_refused("logits need the last layer", [](Call& c) { c.end = 1; });
}

TEST(decoder_refuses_spans_that_do_not_cover_the_rows_in_order) {
    check_refused("spans must cover", [](Call& c) { c.batch.spans[0] = 1; });
    check_refused("spans must cover", [](Call& c) { c.batch.spans[2] = 3; });
    check_refused("spans must cover", [](Call& c) { c.view.sequences = 0; });
    check_refused("a sequence must", [](Call& c) { c.batch.spans[1] = 0; });
    check_refused("a sequence must", [](Call& c) { c.batch.spans[1] = 5; });
    check_refused("a sequence must", [](Call& c) { c.batch.spans[1] = -1; });
    check_refused("a sequence must", [](Call& c) { c.batch.spans[1] = 1'000'000'000; });  // nothing is read there
}

TEST(decoder_refuses_positions_that_are_not_consecutive_or_too_high) {
    check_refused("positions of a sequence must be consecutive", [](Call& c) { c.batch.positions[1] = 5; });
    check_refused("positions of a sequence must be consecutive", [](Call& c) { c.batch.positions[2] = 6; });
    check_refused("a position is outside", [](Call& c) { c.batch.positions[3] = -1; });
    check_refused("a position is outside", [](Call& c) { c.batch.positions[3] = int32_t(kToyPositions); });
    check_refused("a position is outside", [](Call& c) { c.batch.positions[3] = INT_MAX; });
    check_refused("a position is outside", [](Call& c) {
        for (int i = 0; i < 3; ++i) c.batch.positions[size_t(i)] = int32_t(kToyPositions) - 2 + i;
    });
}

TEST(decoder_refuses_tokens_outside_the_vocabulary) {
    check_refused("a token id is outside", [](Call& c) { c.batch.token_ids[2] = -1; });
    check_refused("a token id is outside", [](Call& c) { c.batch.token_ids[3] = 203; });
}

TEST(decoder_refuses_block_tables_that_are_short_or_name_no_block) {
    check_refused("a block table is too short", [](Call& c) { c.view.table_width = 0; });
    check_refused("a block table is too short", [](Call& c) { c.batch.positions[3] = 16; });
    check_refused("a block id is outside", [](Call& c) { c.batch.block_tables[1] = -1; });
    check_refused("a block id is outside", [](Call& c) { c.batch.block_tables[0] = int32_t(kToyBlocks); });
}

TEST(decoder_refuses_output_rows_outside_the_batch_or_out_of_order) {
    check_refused("an output row is outside", [](Call& c) { c.batch.output_rows[3] = 4; });
    check_refused("an output row is outside", [](Call& c) { c.batch.output_rows[0] = -1; });
    check_refused("output rows must ascend", [](Call& c) { c.batch.output_rows = {2, 0, 1, 3}; c.view.output_rows = c.batch.output_rows.data(); });
    check_refused("output rows must ascend", [](Call& c) { c.batch.output_rows[1] = 0; });
    check_refused("more output rows", [](Call& c) { c.view.outputs = kToyRows + 1; });
}

TEST(decoder_refuses_files_that_do_not_hold_the_model) {
    const ToyModel model(toy_configs()[1]);
    for (const auto& [name, tensor] : model.tensors) {
        ToyModel without(toy_configs()[1]);
        without.tensors.erase(name);
        CHECK_THROWS(std::runtime_error, "tensor " + name + " is missing", ToyEngine(without, scalar_kernels(), 1));
        ToyModel changed(toy_configs()[1]);
        changed.tensors[name].size -= 1;
        CHECK_THROWS(std::runtime_error, "tensor " + name + " ", ToyEngine(changed, scalar_kernels(), 1));
    }
}

TEST(decoder_refuses_sizes_that_the_kernels_are_not_made_for) {
    using Spoil = void (*)(ModelShape&);
    const Spoil spoils[] = {
        [](ModelShape& s) { s.layers = 0; },      [](ModelShape& s) { s.hidden_size = 63; },
        [](ModelShape& s) { s.head_dim = 0; },    [](ModelShape& s) { s.intermediate_size = 120; },
        [](ModelShape& s) { s.head_dim = 72; },   [](ModelShape& s) { s.head_dim = 272; },
        [](ModelShape& s) { s.kv_heads = 3; },    [](ModelShape& s) { s.kv_heads = 0; },
    };
    for (Spoil spoil : spoils) {
        const ToyModel model(toy_configs()[0]);
        ModelShape shape = model.shape;
        spoil(shape);
        const PackedFile file(model.file->path(), model.tensors);
        KvPool kv(1, 2, 2, 64, CacheType::float16);
        ThreadPool pool(1);
        CHECK_THROWS(std::runtime_error, "sizes are not ones", Decoder(file, shape, {8, 8, 64}, kv, pool, scalar_kernels()));
    }
}
