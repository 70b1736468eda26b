#include "dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstring>

#include "platform.h"

namespace qingmo {

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx512Kernels;
#endif
#if QINGMO_WITH_AMX
extern const GemmKernel kAmxGemm;
extern const MultiplyAddKernel kAmxMultiplyAdd;
#endif

namespace {

#if defined(__x86_64__)
bool has_avx512_vnni() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

#if QINGMO_WITH_AMX
bool has_amx_int8() {
    constexpr unsigned kTile = 1u << 24, kInt8 = 1u << 25;
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & kTile) && (edx & kInt8);
}
#endif

// Best first; the last is null.
struct Available {
    const Kernels* kernels[4] = {};
    const char* names[4] = {};
    Kernels amx{};  // AVX-512's but for the matrix product

    Available() {
        int n = 0;
#if QINGMO_WITH_AMX
        if (has_avx512_vnni() && has_amx_int8() && allow_tile_registers()) {
            amx = kAvx512Kernels;
            amx.name = "amx";
            amx.gemm = kAmxGemm;
            amx.multiply_add_bytes = kAmxMultiplyAdd;
            kernels[n++] = &amx;
        }
#endif
#if defined(__x86_64__)
        if (has_avx512_vnni()) kernels[n++] = &kAvx512Kernels;
#endif
        kernels[n++] = &kScalarKernels;
        for (int i = 0; i < n; ++i) names[i] = kernels[i]->name;
    }
};

const Available& available() {
    static const Available found;
    return found;
}

}  // namespace

const Kernels* find_kernels(const char* isa) {
    for (const Kernels* k : available().kernels)
        if (k && (!isa || std::strcmp(isa, k->name) == 0)) return k;
    return nullptr;
}

const char* const* available_isas() { return available().names; }

}  // namespace qingmo
