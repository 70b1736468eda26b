#define QINGMO_ISA amx
#define QINGMO_HAS_TILES 1
#include "simd_avx512.h"
#include "simd_amx.h"
// The matrix product alone, and the probe of its limit: everything else is AVX-512's.
#include "kernels/gemm.h"

namespace qingmo {
extern const GemmKernel kAmxGemm = amx::gemm;
extern const MultiplyAddKernel kAmxMultiplyAdd = amx::multiply_add_tiles;
}
