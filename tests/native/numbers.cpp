#include "numbers.h"

#include <cmath>
#include <cstring>

using qingmo::Kernels;

double half_value(uint16_t half) {
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double sign = half & 0x8000 ? -1 : 1;
    if (exponent == 31) return fraction ? std::nan("") : sign * INFINITY;
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

double bfloat16_value(uint16_t bfloat16) { return float_of_bits(uint32_t(bfloat16) << 16); }

uint16_t half_at_random_scale(uint64_t bits) {
    return uint16_t((bits & 0x8000) | (10 + (bits >> 16) % 7) << 10 | (bits & 1023));
}

float float_of_bits(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}

uint32_t bits_of_float(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return bits;
}

float next_float(float x, float towards) { return std::nextafterf(x, towards); }

const Kernels& scalar_kernels() { return *qingmo::find_kernels("scalar"); }

std::vector<const Kernels*> all_kernels() {
    std::vector<const Kernels*> all;
    for (const char* const* name = qingmo::available_isas(); *name; ++name) all.push_back(qingmo::find_kernels(*name));
    return all;
}

std::vector<const Kernels*> other_kernels() {
    std::vector<const Kernels*> others;
    for (const Kernels* kernels : all_kernels())
        if (kernels != &scalar_kernels()) others.push_back(kernels);
    return others;
}

uint64_t digest_of(const void* data, size_t bytes, uint64_t digest) {
    const auto* at = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < bytes; ++i) digest = (digest ^ at[i]) * 0x100000001b3u;
    return digest;
}
