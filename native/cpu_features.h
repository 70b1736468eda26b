// What this CPU can do and the operating system lets programs use, by the kernels that need it.
#pragma once

namespace qingmo {

struct CpuFeatures {
    bool avx2 = false;      // with FMA and F16C
    bool avx_vnni = false;  // AVX2, and products of bytes
    bool avx512 = false;    // F, BW, DQ, VL and VNNI
    bool amx = false;       // AVX-512, and tile registers for bytes
    bool neon = false;      // with the dot product of ARMv8.2
};

CpuFeatures cpu_features();

}  // namespace qingmo
