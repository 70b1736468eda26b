// count_instructions int8|int4 prefill|decode: a small fixed piece of work for valgrind to count, on one thread with AVX2.
// Counting begins and ends with counted_work; see scripts/instruction_counts.sh.
#include <cstdio>
#include <cstring>

#include "numbers.h"
#include "toy_model.h"

using namespace qingmo;

namespace {

constexpr uint32_t kPrompt = 16, kDecodes = 8;

const ToyConfig kInt8{"int8", 256, 704, 4, 2, 64, "int8", 128, 64, 64, true, true, false, CacheType::int16};
const ToyConfig kInt4{"int4", 256, 704, 4, 2, 64, "int4", 0, 0, 0, true, true, false, CacheType::int16};

}  // namespace

// Not inlined and with a plain name, so that valgrind finds it.
extern "C" __attribute__((noinline)) void counted_work(ToyEngine& engine, const std::vector<ToyBatch>& batches) {
    for (const ToyBatch& batch : batches) engine.decoder().forward(batch.view(), 0, engine.model().shape.layers, nullptr, nullptr);
}

int main(int count, char** arguments) {
    const Kernels* kernels = find_kernels("avx2");
    if (count != 3 || !kernels) {
        std::fprintf(stderr, "count_instructions int8|int4 prefill|decode, on a CPU with AVX2\n");
        return 2;
    }
    const ToyModel model(std::strcmp(arguments[1], "int4") == 0 ? kInt4 : kInt8);
    ToyEngine engine(model, *kernels, 1);
    Random random(1);
    const ToySequence sequence = toy_sequence(random, model, kPrompt + kDecodes);
    std::vector<ToyBatch> prefill{ToyBatch({{&sequence, 0, kPrompt}})}, decodes;
    for (uint32_t i = kPrompt; i < kPrompt + kDecodes; ++i) decodes.push_back(ToyBatch({{&sequence, i, i + 1}}));
    if (std::strcmp(arguments[2], "prefill") == 0) {
        counted_work(engine, prefill);
    } else {
        for (const ToyBatch& batch : prefill) engine.decoder().forward(batch.view(), 0, model.shape.layers, nullptr, nullptr);
        counted_work(engine, decodes);
    }
}
