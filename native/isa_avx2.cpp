#define QINGMO_ISA avx2
#include "simd_avx2.h"
// The kernels, written once, over the vectors above.
#include "kernels/table.h"

namespace qingmo {
extern const Kernels kAvx2Kernels = avx2::make_table("avx2");
}
