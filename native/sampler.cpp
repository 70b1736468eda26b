#include "sampler.h"

#include <algorithm>
#include <cmath>

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

// All allowed tokens, put in order only as far as somebody looks: a nucleus is usually small beside the vocabulary.
class LazilySorted {
   public:
    LazilySorted(const Kernels& kernels, const float* logits, uint32_t n, const uint32_t* mask) {
        uint32_t ids[kScanStep];
        for (uint32_t begin = 0; begin < n; begin += kScanStep) {
            const uint32_t found = kernels.above(logits, mask, begin, std::min(begin + kScanStep, n), -INFINITY, ids);
            for (uint32_t i = 0; i < found; ++i) all_.push_back({logits[ids[i]], ids[i]});
        }
    }
    explicit LazilySorted(std::vector<Candidate> sorted) : all_(std::move(sorted)), sorted_(all_.size()) {}

    size_t size() const { return all_.size(); }
    const Candidate& operator[](size_t i) {
        if (i >= sorted_) {
            const size_t next = std::min(all_.size(), std::max<size_t>(256, sorted_ * 8));
            std::partial_sort(all_.begin() + sorted_, all_.begin() + next, all_.end(), likelier);
            sorted_ = next;
        }
        return all_[i];
    }

   private:
    std::vector<Candidate> all_;
    size_t sorted_ = 0;
};

// exp((logit - max) / temperature) of candidates, computed sixteen at a time by the same exp on every machine.
class Weights {
   public:
    Weights(const Kernels& kernels, LazilySorted& candidates, float max, float inverse_temperature)
        : kernels_(kernels), candidates_(candidates), max_(max), inverse_(inverse_temperature) {}

    double operator[](size_t i) {
        while (i >= weights_.size()) extend();
        return weights_[i];
    }

   private:
    void extend() {
        alignas(64) float x[kLanes], e[kLanes];
        const size_t begin = weights_.size(), count = std::min<size_t>(kLanes, candidates_.size() - begin);
        for (size_t i = 0; i < size_t(kLanes); ++i) x[i] = i < count ? (candidates_[begin + i].logit - max_) * inverse_ : 0;
        kernels_.exp(x, kLanes, e);
        weights_.insert(weights_.end(), e, e + count);
    }

    const Kernels& kernels_;
    LazilySorted& candidates_;
    float max_, inverse_;
    std::vector<float> weights_;
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
    const bool some = options_.top_k > 0 && options_.top_k < n;
    LazilySorted candidates = some ? LazilySorted(likeliest(kernels, logits, n, mask, options_.top_k))
                                   : LazilySorted(kernels, logits, n, mask);
    if (candidates.size() == 0) return best;
    Weights weights(kernels, candidates, max, inverse);

    double total = 0;
    if (some) {
        for (size_t i = 0; i < candidates.size(); ++i) total += weights[i];
    } else {
        total = kernels.sum_exp(logits, mask, n, max, inverse);
    }

    size_t kept = candidates.size();
    if (options_.top_p < 1) {
        const double wanted = double(options_.top_p) * total;
        double sum = 0;
        size_t i = 0;
        while (i < candidates.size() && sum < wanted) sum += weights[i++];
        kept = std::max<size_t>(i, 1);
        total = sum;
    }
    if (options_.min_p > 0) {
        double sum = 0;
        size_t i = 0;
        while (i < kept && weights[i] >= double(options_.min_p) * weights[0]) sum += weights[i++];
        kept = i;
        total = sum;
    }

    const double target = philox_uniform(options_.seed, position, options_.choice) * total;
    double sum = 0;
    for (size_t i = 0; i < kept; ++i) {
        sum += weights[i];
        if (target < sum) return candidates[i].id;
    }
    return candidates[0].id;  // the sum over all was rounded up: a draw behind it must not fall to the least likely
}

}  // namespace qingmo
