// Rotary position embedding tables (Su et al. 2021), in the arithmetic transformers uses.
#pragma once

#include <vector>

namespace qingmo {

struct RopeTable {
    int half;                     // head_dim / 2 angles a position
    std::vector<float> cos, sin;  // [positions][half]
};

// angle[p][i] = float(p) * float(1 / float(theta^(2i / head_dim))), a float32 product; cosine and sine of that float,
// correctly rounded but for ties nobody will meet, by arithmetic that is the same on every machine.
RopeTable make_rope_table(int positions, int head_dim, double theta);

}  // namespace qingmo
