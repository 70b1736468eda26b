// Number formats by their definitions, and the kernels to compare.
#pragma once

#include <cstdint>
#include <vector>

#include "dispatch.h"

double half_value(uint16_t half);          // IEEE 754 binary16
double bfloat16_value(uint16_t bfloat16);  // the upper half of a binary32
uint16_t half_at_random_scale(uint64_t random_bits);  // finite, magnitude in [2^-5, 4)

float float_of_bits(uint32_t bits);
uint32_t bits_of_float(float x);
float next_float(float x, float towards);

const qingmo::Kernels& scalar_kernels();
std::vector<const qingmo::Kernels*> all_kernels();    // this CPU can run, scalar among them
std::vector<const qingmo::Kernels*> other_kernels();  // without scalar

// FNV-1a over bytes: for comparing what two processes computed.
uint64_t digest_of(const void* data, size_t bytes, uint64_t digest = 0xcbf29ce484222325u);
