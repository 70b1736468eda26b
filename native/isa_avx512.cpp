#define QINGMO_ISA avx512
#include "simd_avx512.h"
// The kernels, written once, over the vectors above.
#include "kernels/table.h"

namespace qingmo {
extern const Kernels kAvx512Kernels = avx512::make_table("avx512");
}
