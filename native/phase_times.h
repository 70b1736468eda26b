// Where the time of forwards goes.
#pragma once

#include <array>
#include <cstdint>

#include "platform.h"

namespace qingmo {

// norms: with what makes the next product's activations of a row.
enum class Phase { embedding, norms, qkv, keys_and_values, attention, o, gate_up, down, head };
constexpr std::array kPhaseNames = {"embedding", "norms", "qkv", "keys_and_values", "attention", "o", "gate_up", "down", "head"};

// A stopwatch that never stands still: the calling thread names the phase that has just ended, after all threads' work
// on it. One look at the clock a phase, 25 ns beside phases of 10 us and more. Not to be read while a forward runs.
class PhaseTimes {
   public:
    void begin() { last_ = now_ns(); }
    void ended(Phase phase) {
        const int64_t now = now_ns();
        ns_[size_t(phase)] += now - last_;
        last_ = now;
    }
    double seconds(size_t phase) const { return double(ns_[phase]) * 1e-9; }

   private:
    std::array<int64_t, kPhaseNames.size()> ns_{};
    int64_t last_ = 0;
};

}  // namespace qingmo
