#define QINGMO_ISA avxvnni
#include "simd_avx2.h"
// The matrix product alone, and the probe of its limit: everything else is AVX2's.
#include "kernels/gemm.h"
#include "kernels/probe.h"

namespace qingmo {
extern const GemmKernel kAvxVnniGemm = avxvnni::gemm;
extern const MultiplyAddKernel kAvxVnniMultiplyAdd = avxvnni::multiply_add_bytes;
}
