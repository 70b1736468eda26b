// Philox4x32-10 (Salmon et al. 2011): a random number for a key and a counter, with no state in between.
#pragma once

#include <cstdint>

namespace qingmo {

// Uniform in [0, 1) with 53 bits, for the key (seed) and the counter (position, choice, 0, 0).
inline double philox_uniform(uint64_t seed, uint32_t position, uint32_t choice) {
    uint32_t x[4] = {position, choice, 0, 0};
    uint32_t key[2] = {uint32_t(seed), uint32_t(seed >> 32)};
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = uint64_t(x[0]) * 0xD2511F53u, b = uint64_t(x[2]) * 0xCD9E8D57u;
        const uint32_t next[4] = {uint32_t(b >> 32) ^ x[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ x[3] ^ key[1], uint32_t(a)};
        for (int i = 0; i < 4; ++i) x[i] = next[i];
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return double((uint64_t(x[0]) << 32 | x[1]) >> 11) * 0x1p-53;
}

}  // namespace qingmo
