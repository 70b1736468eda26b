#define QINGMO_ISA avxvnni
#include "simd_avx2.h"
// What multiplies whole numbers, and the probes of its limits: everything else is AVX2's.
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/probe.h"

namespace qingmo {
extern const GemmKernel kAvxVnniGemm = avxvnni::gemm;
extern const AttentionKernel kAvxVnniAttention = avxvnni::attention_chunk;
extern const MultiplyAddKernel kAvxVnniMultiplyAddInt8 = avxvnni::multiply_add_int8;
extern const MultiplyAddKernel kAvxVnniMultiplyAddInt16 = avxvnni::multiply_add_int16;
}
