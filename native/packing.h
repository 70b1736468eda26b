// Weights to the packed int8, int6 and int4 layouts: once for a model, so plain code that gives the same bytes everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qingmo {

class ThreadPool;

constexpr int kPackedInputs = 64;  // inputs are filled up to a multiple of this

struct WeightRows {
    const float* values;      // [outputs][inputs]
    size_t outputs, inputs;
    size_t padded_inputs() const { return (inputs + kPackedInputs - 1) / kPackedInputs * kPackedInputs; }
    size_t tiles() const { return (outputs + 15) / 16; }
};

// Bytes of one tile of 16 outputs; weight_group, a multiple of 64, divides padded_inputs.
size_t int8_tile_bytes(const WeightRows& weights, size_t weight_group);

// out: [tiles][int8_tile_bytes]. A scale is the largest magnitude of its group / 127; rounding is to nearest, ties to even.
void quantize_int8(const WeightRows& weights, size_t weight_group, uint8_t* out, ThreadPool& pool);

// Sums of squared rounding errors with groups of 32, 64, 128 inputs and one group a row; infinity where a size does not
// divide the row. Groups of 32 are no choice, but what the others are measured by.
void int8_errors(const WeightRows& weights, double out[4], ThreadPool& pool);

// Bytes of one tile of 16 outputs.
size_t int6_tile_bytes(const WeightRows& weights);
size_t int4_tile_bytes(const WeightRows& weights);

// out: [tiles][int6_tile_bytes] or [tiles][int4_tile_bytes]. Of the scales that were tried for a group of 64 or 32 inputs
// the one with the least squared error is taken.
void quantize_int6(const WeightRows& weights, uint8_t* out, ThreadPool& pool);
void quantize_int4(const WeightRows& weights, uint8_t* out, ThreadPool& pool);

}  // namespace qingmo
