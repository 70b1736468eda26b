#include "cpu_features.h"

#include "platform.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace qingmo {

#if defined(__x86_64__)

namespace {

struct Registers {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned part = 0) {
    Registers r;
    if (!__get_cpuid_count(leaf, part, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
    return r;
}

bool all(unsigned bits, unsigned wanted) { return (bits & wanted) == wanted; }
constexpr unsigned bit(int i) { return 1u << i; }

// The registers that the operating system saves when it switches threads: XCR0.
unsigned saved_registers() {
    if (!all(cpuid(1).ecx, bit(27))) return 0;  // OSXSAVE
    unsigned low, high;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

}  // namespace

// Bits: Intel's Software Developer's Manual, volume 2, CPUID, and volume 1, 13.3.
CpuFeatures cpu_features() {
    constexpr unsigned kYmm = bit(1) | bit(2), kZmm = kYmm | bit(5) | bit(6) | bit(7), kTiles = bit(17) | bit(18);
    const unsigned saved = saved_registers();
    const Registers basic = cpuid(1), extended = cpuid(7), more = cpuid(7, 1);
    CpuFeatures cpu;
    cpu.avx2 = all(saved, kYmm) && all(basic.ecx, bit(12) | bit(28) | bit(29)) && all(extended.ebx, bit(5));
    cpu.avx_vnni = cpu.avx2 && all(more.eax, bit(4));
    cpu.avx512 = cpu.avx2 && all(saved, kZmm) && all(extended.ebx, bit(16) | bit(17) | bit(30) | bit(31)) &&
                 all(extended.ecx, bit(11));
    cpu.amx = cpu.avx512 && all(saved, kTiles) && all(extended.edx, bit(24) | bit(25)) && allow_tile_registers();
    return cpu;
}

#else

CpuFeatures cpu_features() {
    CpuFeatures cpu;
    cpu.neon = has_arm_dot_product();
    return cpu;
}

#endif

}  // namespace qingmo
