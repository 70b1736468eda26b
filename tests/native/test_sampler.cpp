// The sampler against a full sort in double, and the promises of its header.
#include <algorithm>
#include <cmath>

#include "check.h"
#include "numbers.h"
#include "philox.h"
#include "sampler.h"

using namespace qingmo;

namespace {

struct Question {
    SamplingOptions options;
    std::vector<int32_t> prompt;
    std::vector<float> logits;
    uint32_t vocab_size, position;
    std::vector<uint32_t> mask, valid;
};

SamplingOptions greedy() { return {0, 1, 0, 0, 1, 0, 0, -1, 0, 0, {}}; }

bool bit(const std::vector<uint32_t>& mask, uint32_t id) { return mask[id / 32] >> (id % 32) & 1; }

std::vector<uint32_t> all_below(uint32_t vocab_size, size_t width) {
    std::vector<uint32_t> mask((width + 31) / 32);
    for (uint32_t id = 0; id < vocab_size; ++id) mask[id / 32] |= 1u << (id % 32);
    return mask;
}

// Of a vocabulary that is no multiple of 16; the columns behind it hold what would win if it were looked at.
Question question(Random& random, uint32_t vocab_size) {
    Question q{greedy(), {}, {}, vocab_size, random.below(4096), {}, {}};
    q.logits = random.normals((vocab_size + 15) / 16 * 16, random.pick({0.3f, 2.0f, 6.0f}));
    for (float& x : q.logits)
        if (random.chance(0.1)) x = std::round(x);
    for (size_t i = vocab_size; i < q.logits.size(); ++i) q.logits[i] = 1e30f;
    q.valid = q.mask = all_below(vocab_size, q.logits.size());
    return q;
}

Question random_question(Random& random) {
    Question q = question(random, random.pick<uint32_t>({5, 40, 333, 1024, 2100}));
    SamplingOptions& o = q.options;
    o.temperature = random.pick({0.0f, 0.7f, 1.0f, 1.0f, 1.8f, 60.0f});
    o.top_p = random.pick({1.0f, 0.9f, 0.3f, 0.0f});
    o.top_k = random.pick<uint32_t>({0, 0, 1, 2, 20, 300, 100000});
    o.min_p = random.pick({0.0f, 0.0f, 0.05f, 1.0f});
    o.repetition_penalty = random.pick({1.0f, 1.1f, 0.8f});
    o.presence_penalty = random.pick({0.0f, 0.5f, -0.5f});
    o.frequency_penalty = random.pick({0.0f, 0.3f});
    o.logprobs = random.pick({-1, 0, 5});
    o.seed = random.bits();
    o.choice = random.below(3);
    for (uint32_t i = random.below(4); i > 0; --i) o.logit_bias.emplace_back(random.below(q.vocab_size + 20), random.normal() * 5);
    for (uint32_t i = random.below(50); i > 0; --i) q.prompt.push_back(int32_t(random.below(q.vocab_size)));
    if (random.chance(0.3)) {
        const uint32_t always = random.below(q.vocab_size);
        for (uint32_t id = 0; id < q.vocab_size; ++id)
            if (id != always && random.chance(0.7)) q.mask[id / 32] &= ~(1u << (id % 32));
    }
    return q;
}

Sampled ask(const Kernels& kernels, const Question& q) {
    const Sampler sampler(q.options, q.prompt.data(), q.prompt.size(), q.vocab_size);
    std::vector<float> logits = q.logits;
    const Sampled sampled = sampler.sample(kernels, logits.data(), uint32_t(logits.size()), q.mask.data(), q.valid.data(), q.position);
    CHECK_SAME_BITS("logits put back", logits.data(), q.logits.data(), logits.size());
    return sampled;
}

struct Candidate {
    float logit;
    uint32_t id;
    double weight;
};

std::vector<float> changed_logits(const Question& q) {
    const SamplingOptions& o = q.options;
    std::vector<float> logits = q.logits;
    std::vector<uint32_t> counts(logits.size());
    for (int32_t id : q.prompt) ++counts[uint32_t(id)];
    for (uint32_t id = 0; id < q.vocab_size; ++id) {
        if (!counts[id]) continue;
        float& x = logits[id];
        x = x > 0 ? x / o.repetition_penalty : x * o.repetition_penalty;
        x = x - o.presence_penalty - o.frequency_penalty * float(counts[id]);
    }
    for (const auto& [id, bias] : o.logit_bias)
        if (id < q.vocab_size) logits[id] += bias;
    return logits;
}

std::vector<Candidate> sorted(const std::vector<float>& logits, const std::vector<uint32_t>& mask) {
    std::vector<Candidate> all;
    for (uint32_t id = 0; id < logits.size(); ++id)
        if (bit(mask, id)) all.push_back({logits[id], id, 0});
    std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.logit > b.logit; });
    return all;
}

// What the sampler must say, in double; `close` where single precision may decide otherwise.
struct Expected {
    uint32_t token;
    bool close;
};

Expected expect(const Question& q) {
    const SamplingOptions& o = q.options;
    std::vector<Candidate> all = sorted(changed_logits(q), q.mask);
    if (o.temperature == 0) return {all[0].id, false};
    if (o.top_k && all.size() > o.top_k) all.resize(o.top_k);
    double total = 0;
    for (Candidate& c : all) total += c.weight = std::exp((double(c.logit) - all[0].logit) / o.temperature);
    const double error = 2e-5 * total;
    bool close = false;

    double kept_sum = 0;
    size_t kept = 0;
    while (kept < all.size() && (kept == 0 || o.top_p == 1 || kept_sum < o.top_p * total)) {
        kept_sum += all[kept++].weight;
        close |= o.top_p < 1 && std::fabs(kept_sum - o.top_p * total) < error;
    }
    all.resize(kept);
    if (o.min_p > 0) {
        for (const Candidate& c : all) close |= c.logit != all[0].logit && std::fabs(c.weight - o.min_p) < 1e-5;
        while (all.back().weight < o.min_p && all.size() > 1) all.pop_back();
    }
    total = 0;
    for (const Candidate& c : all) total += c.weight;
    const double target = philox_uniform(o.seed, q.position, o.choice) * total;
    double sum = 0;
    for (size_t i = 0; i < all.size(); ++i) {
        sum += all[i].weight;
        if (i + 1 < all.size()) close |= std::fabs(sum - target) < error;
        if (target < sum) return {all[i].id, close};
    }
    return {all.back().id, close};
}

}  // namespace

// The first test vector that comes with the paper's own code: counter and key zero.
TEST(philox_gives_the_published_numbers) {
    CHECK_EQUAL(philox_uniform(0, 0, 0), double(0x6627e8d5e169c58du >> 11) * 0x1p-53);
}

TEST(philox_numbers_are_uniform_and_depend_on_seed_position_and_choice) {
    double sum = 0;
    for (uint32_t i = 0; i < 10000; ++i) {
        const double x = philox_uniform(42, i, 0);
        CHECK(x >= 0 && x < 1);
        sum += x;
    }
    CHECK_NEAR(sum / 10000, 0.5, 0.015);  // five standard deviations
    const double x = philox_uniform(42, 7, 0);
    CHECK(x != philox_uniform(43, 7, 0) && x != philox_uniform(42, 8, 0) && x != philox_uniform(42, 7, 1));
    CHECK(x != philox_uniform(42 + (uint64_t(1) << 32), 7, 0));
}

TEST(sampler_draws_what_a_full_sort_in_double_draws) {
    int cases = 0, close = 0;
    check::cases(1500, [&](Random& random) {
        const Question q = random_question(random);
        const Expected expected = expect(q);
        ++cases;
        close += expected.close;
        if (!expected.close)
            for (const Kernels* kernels : all_kernels()) CHECK_EQUAL(ask(*kernels, q).token, expected.token);
    });
    CHECK(close * 5 <= cases || cases < 20);
}

TEST(sampler_gives_the_same_on_every_instruction_set) {
    check::cases(400, [](Random& random) {
        Question q = random_question(random);
        q.options.logprobs = 5;
        const Sampled expected = ask(scalar_kernels(), q);
        for (const Kernels* kernels : other_kernels()) {
            const Sampled got = ask(*kernels, q);
            CHECK_EQUAL(got.token, expected.token);
            CHECK_EQUAL(*got.logprob, *expected.logprob);
            CHECK(got.top == expected.top);
        }
    });
}

TEST(sampler_reports_log_probabilities_of_the_unmodified_logits) {
    check::cases(150, [](Random& random) {
        Question q = random_question(random);
        q.options.logprobs = random.pick({0, 1, 7, 5000});
        const std::vector<Candidate> all = sorted(q.logits, q.valid);
        double sum = 0;
        for (const Candidate& c : all) sum += std::exp(double(c.logit) - all[0].logit);
        const double log_sum = all[0].logit + std::log(sum);
        for (const Kernels* kernels : all_kernels()) {
            const Sampled got = ask(*kernels, q);
            CHECK_NEAR(*got.logprob, q.logits[got.token] - log_sum, 2e-5);
            CHECK_EQUAL(got.top.size(), std::min(all.size(), size_t(q.options.logprobs)));
            for (size_t i = 0; i < got.top.size(); ++i) {
                CHECK_EQUAL(got.top[i].first, all[i].id);
                CHECK_NEAR(got.top[i].second, all[i].logit - log_sum, 2e-5);
            }
        }
    });
    Random random(1);
    const Question unasked = question(random, 40);
    CHECK(!ask(scalar_kernels(), unasked).logprob && ask(scalar_kernels(), unasked).top.empty());
}

TEST(sampler_never_chooses_what_the_mask_leaves_out) {
    check::cases(200, [](Random& random) {
        Question q = random_question(random);
        const uint32_t only = random.below(q.vocab_size);
        std::fill(q.mask.begin(), q.mask.end(), 0);
        q.mask[only / 32] = 1u << (only % 32);
        q.logits[only] = random.pick({-INFINITY, -1e30f, 0.0f});
        for (const Kernels* kernels : all_kernels()) CHECK_EQUAL(ask(*kernels, q).token, only);
    });
}

TEST(sampler_counts_appended_tokens_like_those_of_the_prompt) {
    Random random(3);
    Question q = question(random, 40);
    q.options.frequency_penalty = 0.75f;
    const uint32_t first = ask(scalar_kernels(), q).token;
    Sampler sampler(q.options, nullptr, 0, q.vocab_size);
    for (int i = 0; i < 100; ++i) sampler.append(first);
    const Sampled later = sampler.sample(scalar_kernels(), q.logits.data(), uint32_t(q.logits.size()), q.mask.data(), q.valid.data(), 0);
    q.prompt.assign(100, int32_t(first));
    CHECK(later.token != first);
    CHECK_EQUAL(ask(scalar_kernels(), q).token, later.token);
}

TEST(sampler_draws_in_proportion_to_probability) {
    Random random(5);
    Question q = question(random, 4);
    q.options.temperature = 0.5f;
    const double p[4] = {0.1, 0.4, 0.3, 0.2};
    for (int i = 0; i < 4; ++i) q.logits[size_t(i)] = float(0.5 * std::log(p[i]));
    int counts[4] = {};
    constexpr int kDraws = 4000;
    for (uint32_t position = 0; position < kDraws; ++position) {
        q.position = position;
        const uint32_t token = ask(*find_kernels(nullptr), q).token;
        CHECK(token < 4);
        ++counts[token];
    }
    for (int i = 0; i < 4; ++i) CHECK_NEAR(counts[i], kDraws * p[i], 5 * std::sqrt(kDraws * p[i] * (1 - p[i])));
}

TEST(sampler_draws_exactly_where_all_tokens_are_alike) {
    constexpr uint32_t kVocabSize = 20000, kKept = kVocabSize / 2;
    Random random(8);
    Question q = question(random, kVocabSize);
    std::fill_n(q.logits.begin(), kVocabSize, 3.25f);
    q.options.temperature = 0.9f;
    q.options.top_p = 0.5f;
    for (q.position = 0; q.position < 20; ++q.position) {
        const double draw = philox_uniform(q.options.seed, q.position, q.options.choice) * kKept;
        for (const Kernels* kernels : all_kernels()) CHECK_EQUAL(ask(*kernels, q).token, uint32_t(draw));
    }
}

TEST(sampler_at_a_vanishing_temperature_takes_the_likeliest) {
    Random random(6);
    Question q = question(random, 333);
    const uint32_t likeliest = ask(scalar_kernels(), q).token;
    for (float temperature : {1e-45f, 1e-9f, 1e-5f, 1e-4f}) {
        q.options.temperature = temperature;
        for (const Kernels* kernels : all_kernels()) CHECK_EQUAL(ask(*kernels, q).token, likeliest);
    }
}
