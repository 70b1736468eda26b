#include "dispatch.h"

#include <cstring>

#include "cpu_features.h"

namespace qingmo {

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels, kAvx512Kernels;
#elif defined(__aarch64__)
extern const Kernels kNeonKernels;
#endif
#if QINGMO_WITH_AVX_VNNI
extern const GemmKernel kAvxVnniGemm;
extern const AttentionKernel kAvxVnniAttention;
extern const MultiplyAddKernel kAvxVnniMultiplyAddInt8, kAvxVnniMultiplyAddInt16;
#endif
#if QINGMO_WITH_AMX
extern const GemmKernel kAmxGemm;
extern const MultiplyAddKernel kAmxMultiplyAdd;
#endif

namespace {

// A table that differs from another by its matrix product of quantized weights.
[[maybe_unused]] Kernels with_gemm(Kernels kernels, const char* name, GemmKernel gemm, MultiplyAddKernel multiply_add) {
    kernels.name = name;
    kernels.gemm = gemm;
    kernels.multiply_add_int8 = multiply_add;
    return kernels;
}

// What this CPU can run, best first.
class Available {
   public:
    Available() {
        const CpuFeatures cpu = cpu_features();
#if QINGMO_WITH_AMX
        if (cpu.amx) add(with_gemm(kAvx512Kernels, "amx", kAmxGemm, kAmxMultiplyAdd));
#endif
#if defined(__x86_64__)
        if (cpu.avx512) add(kAvx512Kernels);
#endif
#if QINGMO_WITH_AVX_VNNI
        if (cpu.avx_vnni) {
            Kernels kernels = with_gemm(kAvx2Kernels, "avxvnni", kAvxVnniGemm, kAvxVnniMultiplyAddInt8);
            kernels.attention_chunk = kAvxVnniAttention;
            kernels.multiply_add_int16 = kAvxVnniMultiplyAddInt16;
            add(kernels);
        }
#endif
#if defined(__x86_64__)
        if (cpu.avx2) add(kAvx2Kernels);
#elif defined(__aarch64__)
        if (cpu.neon) add(kNeonKernels);
#endif
        add(kScalarKernels);
    }
    const Kernels* begin() const { return kernels_; }
    const Kernels* end() const { return kernels_ + count_; }
    const char* const* names() const { return names_; }

   private:
    void add(const Kernels& kernels) {
        kernels_[count_] = kernels;
        names_[count_++] = kernels.name;
    }
    static constexpr int kMost = 5;
    Kernels kernels_[kMost] = {};
    const char* names_[kMost + 1] = {};  // ended by null
    int count_ = 0;
};

const Available& available() {
    static const Available found;
    return found;
}

}  // namespace

const Kernels* find_kernels(const char* isa) {
    for (const Kernels& kernels : available())
        if (!isa || std::strcmp(isa, kernels.name) == 0) return &kernels;
    return nullptr;
}

const char* const* available_isas() { return available().names(); }

}  // namespace qingmo
