// The kernels of one instruction set as a table; included last by each isa_*.cpp.
#pragma once

#include "attention.h"
#include "gemm.h"
#include "norm.h"
#include "probe.h"
#include "quantize.h"
#include "sampling.h"

namespace qingmo::QINGMO_ISA {

constexpr Kernels make_table(const char* name) {
    return {name, kGemmPiece, gemm, apply_epilogue, attention_chunk, attention_merge, attention_finish, rms_norm, quantize, rope,
            prepare_queries, store_kv, read_column, best, sum_exp, above, exp_all, read_memory,
            multiply_add_int8, multiply_add_int16, multiply_add_floats};
}

}  // namespace qingmo::QINGMO_ISA
