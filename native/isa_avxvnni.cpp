#define QINGMO_ISA avxvnni
#include "simd_avx2.h"
// The matrix product alone: everything else is AVX2's.
#include "kernels/gemm.h"

namespace qingmo {
extern const GemmKernel kAvxVnniGemm = avxvnni::gemm;
}
