/* Helium's intrinsics (arm_mve.h of the Arm C Language Extensions), integers only.
 *
 * Elsewhere `host/mve.h` has those that the kernels of this folder use, by the same names and in plain C, so that the same
 * kernels run, and are tested under sanitizers, on a workstation.
 */
#ifndef MCUGEN_MVE_VECTORS_H
#define MCUGEN_MVE_VECTORS_H

#include "mcugen_kernels.h"

#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
#include <arm_mve.h>
#define MCUGEN_HAS_MVE 1
#else
#include "host/mve.h"
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

/* A vector at a constant offset of 0 to 127, from one pointer for all. */
MCUGEN_KERNEL int8x16_t mcugen_mve_load_at(const int8_t *base, int32_t offset)
{
#if MCUGEN_MVE_ALL_REGISTERS
    int8x16_t vector;
    __asm__("vldrb.8 %q0, [%1, %2]" : "=w"(vector) : "r"(base), "i"(offset), "m"(*(const int8_t(*)[144])base));
    return vector;
#else
    return vldrbq_s8(base + offset);
#endif
}

/* Stores the low bytes of the lanes that a constant mask has, at offsets; GCC takes detours with predicates. */
MCUGEN_KERNEL void mcugen_mve_scatter(int8_t *base, uint32x4_t offsets, int32x4_t value, uint32_t mask)
{
    if (mask == 0xffffu) {
        vstrbq_scatter_offset_s32(base, offsets, value);
        return;
    }
#if MCUGEN_MVE_ALL_REGISTERS
    __asm__ volatile("vpst\n\tvstrbt.32 %q2, [%0, %q1]"
                     :
                     : "r"(base), "w"(offsets), "w"(value), "Up"((mve_pred16_t)mask)
                     : "memory");
#else
    vstrbq_scatter_offset_p_s32(base, offsets, value, (mve_pred16_t)mask);
#endif
}

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
