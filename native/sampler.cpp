#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "philox.h"

namespace qingmo {

namespace {

struct Candidate {
    float logit;
    uint32_t id;
};

bool likelier(const Candidate& a, const Candidate& b) { return a.logit > b.logit || (a.logit == b.logit && a.id < b.id); }

// Below this temperature nothing but the likeliest token has a chance, and 1 / temperature would overflow.
constexpr float kCertain = 1e-5f;

constexpr uint32_t kScanStep = 1024;  // logits looked at before the threshold is raised again

// The k likeliest allowed tokens, likeliest first. Ids come in ascending order, so a later one of equal logit loses
// and the strict comparison of `above` is the right one.
std::vector<Candidate> likeliest(const Kernels& kernels, const float* logits, uint32_t n, const uint32_t* mask, uint32_t k) {
    std::vector<Candidate> heap;
    heap.reserve(k);
    uint32_t ids[kScanStep];
    for (uint32_t begin = 0; begin < n; begin += kScanStep) {
        const uint32_t end = std::min(begin + kScanStep, n);
        const float threshold = heap.size() == k ? heap.front().logit : -INFINITY;
        const uint32_t found = kernels.above(logits, mask, begin, end, threshold, ids);
        for (uint32_t i = 0; i < found; ++i) {
            const Candidate candidate{logits[ids[i]], ids[i]};
            if (heap.size() == k) {
                if (!likelier(candidate, heap.front())) continue;
                std::pop_heap(heap.begin(), heap.end(), likelier);
                heap.pop_back();
            }
            heap.push_back(candidate);
            std::push_heap(heap.begin(), heap.end(), likelier);
        }
    }
    std::sort_heap(heap.begin(), heap.end(), likelier);
    return heap;
}

// exp((logit - max) / temperature) as a whole number, the likeliest token's being 2^44: sums of 2^18 of them are exact, in
// whatever order they are made. A token below 2^-44 has no chance.
uint64_t weight_of(float exponential) { return uint64_t(int64_t(double(exponential) * 0x1p44)); }

struct Weighed {
    Candidate token;
    uint64_t weight;
};

// A token and the sum of its weight and those of all likelier ones.
struct Place {
    uint32_t id;
    uint64_t sum;
};

// The token at which the sum over tokens, likeliest first, passes `target`; `sum` stands before them all. Halves the tokens
// again and again instead of sorting them.
Place place_among(std::vector<Weighed>& tokens, uint64_t sum, uint64_t target) {
    auto begin = tokens.begin(), end = tokens.end();
    while (end - begin > 1) {
        const auto middle = begin + (end - begin) / 2;
        std::nth_element(begin, middle, end, [](const Weighed& a, const Weighed& b) { return likelier(a.token, b.token); });
        uint64_t likelier_half = 0;
        for (auto it = begin; it != middle; ++it) likelier_half += it->weight;
        if (target < sum + likelier_half) {
            end = middle;
        } else {
            sum += likelier_half;
            begin = middle;
        }
    }
    return {begin->token.id, sum + begin->weight};
}

// The tokens that top_k leaves.
class FewTokens {
   public:
    FewTokens(const Kernels& kernels, const std::vector<Candidate>& tokens, float max, float inverse_temperature) {
        std::vector<float> e((tokens.size() + kLanes - 1) / kLanes * kLanes);
        for (size_t i = 0; i < tokens.size(); ++i) e[i] = (tokens[i].logit - max) * inverse_temperature;
        kernels.exp(e.data(), uint32_t(e.size()), e.data());
        for (size_t i = 0; i < tokens.size(); ++i) tokens_.push_back({tokens[i], weight_of(e[i])});
    }
    uint64_t sum() const { return sum_from(0); }
    // Of the tokens that weigh at least so much.
    uint64_t sum_from(uint64_t weight) const {
        uint64_t sum = 0;
        for (const Weighed& token : tokens_) sum += token.weight >= weight ? token.weight : 0;
        return sum;
    }
    Place place(uint64_t target) { return place_among(tokens_, 0, target); }

   private:
    std::vector<Weighed> tokens_;
};

// All allowed tokens, in buckets by how far they lie below the likeliest: only one bucket is ever put in order.
class AllTokens {
   public:
    AllTokens(const Kernels& kernels, const float* logits, uint32_t n, const uint32_t* mask, float max, float inverse_temperature)
        : logits_(logits), exponentials_(n), buckets_(n), sums_(kBuckets) {
        for (uint32_t id = 0; id < n; ++id) {
            exponentials_[id] = (logits[id] - max) * inverse_temperature;
            buckets_[id] = mask[id / 32] >> (id % 32) & 1 ? bucket(exponentials_[id]) : kNoBucket;
        }
        kernels.exp(exponentials_.data(), n, exponentials_.data());
        for (uint32_t id = 0; id < n; ++id)
            if (buckets_[id] != kNoBucket) sums_[buckets_[id]] += weight_of(exponentials_[id]);
    }
    uint64_t sum() const { return std::accumulate(sums_.begin(), sums_.end(), uint64_t(0)); }
    uint64_t sum_from(uint64_t weight) const {
        uint64_t sum = 0;
        for (size_t id = 0; id < buckets_.size(); ++id) {
            const uint64_t own = weight_of(exponentials_[id]);
            sum += own >= weight && buckets_[id] != kNoBucket ? own : 0;
        }
        return sum;
    }
    // target: below the sum of all.
    Place place(uint64_t target) const {
        uint64_t sum = 0;
        uint16_t bucket = 0;
        while (sum + sums_[bucket] <= target) sum += sums_[bucket++];
        std::vector<Weighed> tokens;
        for (uint32_t id = 0; id < buckets_.size(); ++id)
            if (buckets_[id] == bucket) tokens.push_back({{logits_[id], id}, weight_of(exponentials_[id])});
        return place_among(tokens, sum, target);
    }

   private:
    static constexpr uint16_t kBuckets = 1024, kNoBucket = kBuckets;

    // Never less for a smaller exponent. The last begins at -32, where weights are 0.
    static uint16_t bucket(float exponent) {
        const float at = exponent * (-(kBuckets - 1) / 32.0f);
        return at < kBuckets - 1 ? uint16_t(at) : kBuckets - 1;
    }

    const float* logits_;
    std::vector<float> exponentials_;
    std::vector<uint16_t> buckets_;  // of each token
    std::vector<uint64_t> sums_;     // of weights, of each bucket
};

}  // namespace

Sampler::Sampler(SamplingOptions options, const int32_t* prompt, size_t prompt_tokens, uint32_t vocab_size)
    : options_(std::move(options)),
      has_penalties_(options_.repetition_penalty != 1 || options_.presence_penalty != 0 || options_.frequency_penalty != 0) {
    auto& bias = options_.logit_bias;
    bias.erase(std::remove_if(bias.begin(), bias.end(), [&](auto& b) { return b.first >= vocab_size; }), bias.end());
    for (size_t i = 0; i < prompt_tokens; ++i) append(uint32_t(prompt[i]));
}

float Sampler::penalized(float logit, uint32_t count) const {
    const float repeated = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    return repeated - options_.presence_penalty - options_.frequency_penalty * float(count);
}

Sampled Sampler::sample(const Kernels& kernels, float* logits, uint32_t n, const uint32_t* mask, const uint32_t* valid,
                        uint32_t position) const {
    std::vector<std::pair<uint32_t, float>> unmodified;
    auto change = [&](uint32_t id, float to) {
        unmodified.emplace_back(id, logits[id]);
        logits[id] = to;
    };
    if (has_penalties_)
        for (const auto& [id, count] : counts_) change(id, penalized(logits[id], count));
    for (const auto& [id, bias] : options_.logit_bias) change(id, logits[id] + bias);
    Sampled result{choose(kernels, logits, n, mask, position), std::nullopt, {}};
    for (auto it = unmodified.rbegin(); it != unmodified.rend(); ++it) logits[it->first] = it->second;

    if (options_.logprobs >= 0) {
        float max;
        uint32_t id;
        kernels.best(logits, valid, n, &max, &id);
        const double log_sum = double(max) + std::log(double(kernels.sum_exp(logits, valid, n, max, 1.0f)));
        auto logprob = [&](float logit) { return float(double(logit) - log_sum); };
        result.logprob = logprob(logits[result.token]);
        if (options_.logprobs > 0)
            for (const Candidate& c : likeliest(kernels, logits, n, valid, uint32_t(options_.logprobs)))
                result.top.emplace_back(c.id, logprob(c.logit));
    }
    return result;
}

uint32_t Sampler::choose(const Kernels& kernels, const float* logits, uint32_t n, const uint32_t* mask, uint32_t position) const {
    float max;
    uint32_t best;
    kernels.best(logits, mask, n, &max, &best);
    if (options_.temperature < kCertain || options_.top_k == 1) return best;

    const float inverse = 1.0f / options_.temperature;
    const double random = philox_uniform(options_.seed, position, options_.choice);
    if (options_.top_k == 0 || options_.top_k >= n) return draw(AllTokens(kernels, logits, n, mask, max, inverse), random).value_or(best);
    return draw(FewTokens(kernels, likeliest(kernels, logits, n, mask, options_.top_k), max, inverse), random).value_or(best);
}

// top_p's and min_p's tokens are both the likeliest so many, so whichever leaves fewer decides. None where the likeliest is
// infinite and no weight means anything.
template <class Tokens>
std::optional<uint32_t> Sampler::draw(Tokens tokens, double random) const {
    uint64_t kept = tokens.sum();
    if (kept == 0) return std::nullopt;
    if (options_.top_p < 1) {
        const uint64_t wanted = uint64_t(double(options_.top_p) * double(kept));
        kept = tokens.place(std::max<uint64_t>(wanted, 1) - 1).sum;
    }
    if (options_.min_p > 0) kept = std::min(kept, tokens.sum_from(weight_of(options_.min_p)));
    return tokens.place(std::min(uint64_t(random * double(kept)), kept - 1)).id;  // a product may be rounded up
}

}  // namespace qingmo
