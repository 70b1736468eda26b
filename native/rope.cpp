#include "rope.h"

#include <cmath>

namespace qingmo {

namespace {

struct CosSin {
    float cos, sin;
};

// Taylor series on [-pi/4, pi/4], to below 1e-17.
double sin_near_zero(double r) {
    const double s = r * r;
    double p = 1.0 / 355687428096000.0;
    p = p * s - 1.0 / 1307674368000.0;
    p = p * s + 1.0 / 6227020800.0;
    p = p * s - 1.0 / 39916800.0;
    p = p * s + 1.0 / 362880.0;
    p = p * s - 1.0 / 5040.0;
    p = p * s + 1.0 / 120.0;
    p = p * s - 1.0 / 6.0;
    return r + r * (s * p);
}

double cos_near_zero(double r) {
    const double s = r * r;
    double p = 1.0 / 20922789888000.0;
    p = p * s - 1.0 / 87178291200.0;
    p = p * s + 1.0 / 479001600.0;
    p = p * s - 1.0 / 3628800.0;
    p = p * s + 1.0 / 40320.0;
    p = p * s - 1.0 / 720.0;
    p = p * s + 1.0 / 24.0;
    p = p * s - 0.5;
    return 1.0 + s * p;
}

// For angles up to a few million: n * kHalfPiHigh is exact because the constant has its last 20 bits zero.
CosSin cos_sin(double angle) {
    constexpr double kHalfPiHigh = 1.57079632673412561417e+00, kHalfPiLow = 6.07710050650619224932e-11;
    const double n = std::nearbyint(angle * 6.36619772367581382433e-01);
    const double r = (angle - n * kHalfPiHigh) - n * kHalfPiLow;
    const double s = sin_near_zero(r), c = cos_near_zero(r);
    switch (int64_t(n) & 3) {
        case 0: return {float(c), float(s)};
        case 1: return {float(-s), float(c)};
        case 2: return {float(-c), float(-s)};
        default: return {float(s), float(-c)};
    }
}

}  // namespace

RopeTable make_rope_table(int positions, int head_dim, double theta) {
    RopeTable table{head_dim / 2, {}, {}};
    std::vector<float> inverse_frequency(table.half);
    for (int i = 0; i < table.half; ++i)
        inverse_frequency[i] = 1.0f / float(std::pow(theta, double(float(2 * i) / float(head_dim))));
    table.cos.resize(size_t(positions) * table.half);
    table.sin.resize(size_t(positions) * table.half);
    for (int p = 0; p < positions; ++p)
        for (int i = 0; i < table.half; ++i) {
            const float angle = float(p) * inverse_frequency[i];
            const CosSin value = cos_sin(angle);
            table.cos[size_t(p) * table.half + i] = value.cos;
            table.sin[size_t(p) * table.half + i] = value.sin;
        }
    return table;
}

}  // namespace qingmo
