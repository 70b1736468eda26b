#define QINGMO_ISA neon
#include "simd_neon.h"
// The kernels, written once, over the vectors above.
#include "kernels/table.h"

namespace qingmo {
extern const Kernels kNeonKernels = neon::make_table("neon");
}
