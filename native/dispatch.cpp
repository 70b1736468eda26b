#include "dispatch.h"

#include <cstring>

namespace qingmo {

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx512Kernels;
#endif

namespace {

#if defined(__x86_64__)
bool has_avx512_vnni() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

// Best first; the last is null.
struct Available {
    const Kernels* kernels[4] = {};
    const char* names[4] = {};

    Available() {
        int n = 0;
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
