// From a row of logits to a token.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dispatch.h"

namespace qingmo {

struct SamplingOptions {
    float temperature, top_p, min_p;  // temperature 0: the most likely token
    uint32_t top_k;                   // 0: all
    float repetition_penalty, presence_penalty, frequency_penalty;
    int logprobs;                     // -1: none; otherwise how many of the most likely tokens to report
    uint64_t seed;
    uint32_t choice;                  // which of the n answers of a request
    std::vector<std::pair<uint32_t, float>> logit_bias;
};

struct Sampled {
    uint32_t token;
    std::optional<float> logprob;  // under the unmodified logits, as are the top ones
    std::vector<std::pair<uint32_t, float>> top;
};

// One sequence's sampling: its options, and how often each token occurred in prompt and output.
//
// In order: repetition, presence and frequency penalty, logit bias, mask; then, unless temperature is 0: temperature,
// top_k, top_p over what is left, min_p over what is left, and a draw by the inverse of the cumulative distribution
// over tokens in the order of (logit descending, id ascending).
class Sampler {
   public:
    Sampler(SamplingOptions options, const int32_t* prompt, size_t prompt_tokens, uint32_t vocab_size);

    void append(uint32_t token) { ++counts_[token]; }

    // logits: [n], n a multiple of 16; changed while it works and put back. mask: a bit a token, 1 allowed, at least one set.
    // valid: the ids that have a token, for the reported log probabilities.
    Sampled sample(const Kernels& kernels, float* logits, uint32_t n, const uint32_t* mask, const uint32_t* valid,
                   uint32_t position) const;

   private:
    float penalized(float logit, uint32_t count) const;
    uint32_t choose(const Kernels& kernels, const float* logits, uint32_t n, const uint32_t* mask, uint32_t position) const;
    template <class Tokens>
    std::optional<uint32_t> draw(Tokens tokens, double random) const;

    SamplingOptions options_;
    bool has_penalties_;
    std::unordered_map<uint32_t, uint32_t> counts_;
};

}  // namespace qingmo
