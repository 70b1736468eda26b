// Random weights to be packed.
#pragma once

#include <algorithm>

#include "check.h"
#include "packing.h"

struct Weights {
    std::vector<float> values;
    size_t outputs, inputs;
    qingmo::WeightRows rows() const { return {values.data(), outputs, inputs}; }
    float at(size_t row, size_t input) const { return input < inputs ? values[row * inputs + input] : 0; }
};

// Of sizes that fill tiles and groups and of others; often with a row or a group of zeros.
inline Weights random_weights(Random& random) {
    Weights w{{}, random.pick<size_t>({1, 15, 16, 17, 40}), random.pick<size_t>({1, 16, 31, 32, 80, 96, 128, 160, 256, 300})};
    w.values = random.chance(0.2) ? random.wild(w.outputs * w.inputs) : random.normals(w.outputs * w.inputs, 0.02f);
    if (random.chance(0.3)) std::fill_n(w.values.begin(), w.inputs, 0.0f);
    const size_t begin = 32 * random.below(uint32_t(w.inputs + 31) / 32), end = std::min(begin + 32, w.inputs);
    if (random.chance(0.3)) std::fill(w.values.end() - long(w.inputs - begin), w.values.end() - long(w.inputs - end), 0.0f);
    return w;
}
