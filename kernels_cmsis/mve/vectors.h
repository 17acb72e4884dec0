/* Helium's intrinsics (arm_mve.h of the Arm C Language Extensions), integers only.
 *
 * Elsewhere `host/mve.h` has those that the kernels of this folder use, by the same names and in plain C, so that the same
 * kernels run, and are tested under sanitizers, on a workstation. Modules do not carry it.
 */
#ifndef MCUGEN_MVE_VECTORS_H
#define MCUGEN_MVE_VECTORS_H

#include "mcugen_kernels.h"

#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
#include <arm_mve.h>
#define MCUGEN_HAS_MVE 1
#else
#include <host/mve.h>
#define MCUGEN_HAS_MVE 0
#endif

/* Inline assembly that takes all even registers, lr among them, in one piece: sums over lanes go to these only, and GCC
 * would spill. A build that keeps registers for itself defines MCUGEN_MVE_SPARE_REGISTERS as 1. */
#ifndef MCUGEN_MVE_SPARE_REGISTERS
#if defined(CONFIG_FRAME_POINTER) /* Zephyr's option */
#define MCUGEN_MVE_SPARE_REGISTERS 1
#else
#define MCUGEN_MVE_SPARE_REGISTERS 0
#endif
#endif

#if MCUGEN_HAS_MVE && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !MCUGEN_MVE_SPARE_REGISTERS
#define MCUGEN_MVE_ALL_REGISTERS 1
#else
#define MCUGEN_MVE_ALL_REGISTERS 0
#endif

/* Four sums as lanes. */
MCUGEN_KERNEL int32x4_t mcugen_mve_lanes(int32_t a, int32_t b, int32_t c, int32_t d)
{
#if MCUGEN_HAS_MVE
    int32x4_t lanes;
    /* Two at a time, which GCC does not do. */
    __asm__("vmov %q0[2], %q0[0], %1, %3\n\tvmov %q0[3], %q0[1], %2, %4"
            : "=&w"(lanes)
            : "r"(a), "r"(b), "r"(c), "r"(d));
    return lanes;
#else
    const int32_t lanes[4] = {a, b, c, d};
    return vldrwq_s32(lanes);
#endif
}

#endif
