// Random numbers that are the same on every machine: no library's generator, no library's logarithm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

// SplitMix64 (Steele, Lea and Flood 2014).
class Random {
   public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t bits() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
    double unit() { return double(bits() >> 11) * 0x1p-53; }                    // [0, 1)
    uint32_t below(uint32_t n) { return uint32_t((bits() >> 32) * n >> 32); }   // [0, n)
    int between(int low, int high) { return low + int(below(uint32_t(high - low + 1))); }  // both included
    bool chance(double p) { return unit() < p; }
    // Mean 0, variance 1, tails to 6: the sum of twelve uniform numbers.
    float normal() {
        double sum = -6;
        for (int i = 0; i < 12; ++i) sum += unit();
        return float(sum);
    }
    template <class T>
    T pick(std::initializer_list<T> from) { return from.begin()[below(uint32_t(from.size()))]; }

    std::vector<float> normals(size_t count, float scale = 1) {
        std::vector<float> x(count);
        for (float& v : x) v = normal() * scale;
        return x;
    }
    // Normal numbers with zeros of both signs, denormals and giants strewn in.
    std::vector<float> wild(size_t count) {
        std::vector<float> x = normals(count);
        for (float& v : x)
            if (chance(0.1)) v = pick({0.0f, -0.0f, 1e-42f, -3e-45f, 1e-38f, 1e30f, -1e30f, 65504.0f, -1e-30f, 127.0f});
        return x;
    }
    // 0 to count - 1 in a random order.
    std::vector<int32_t> permutation(int count) {
        std::vector<int32_t> p(static_cast<size_t>(count));
        for (int i = 0; i < count; ++i) p[size_t(i)] = i;
        for (int i = count - 1; i > 0; --i) std::swap(p[size_t(i)], p[below(uint32_t(i + 1))]);
        return p;
    }

   private:
    uint64_t state_;
};
