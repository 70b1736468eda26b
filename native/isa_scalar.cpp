#define QINGMO_ISA scalar
#include "simd_scalar.h"
// The kernels, written once, over the vectors above.
#include "kernels/table.h"

namespace qingmo {
extern const Kernels kScalarKernels = scalar::make_table("scalar");
}
