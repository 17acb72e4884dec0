/* What the kernels for cores with the 16-bit instruction set share (Armv6-M, Armv8-M baseline: Cortex-M0, M0+, M23).
 *
 * Hot loops are inline assembly for GCC with a plain C form beside it that has the same bits: other compilers take that
 * one, and the workstation runs it under sanitizers. Seven low registers are enough, so a frame pointer (r7) is no matter.
 */
#ifndef MCUGEN_ARMV6M_INSTRUCTIONS_H
#define MCUGEN_ARMV6M_INSTRUCTIONS_H

#include "mcugen_requantize.h"

#if MCUGEN_SMALL_CORE && defined(__GNUC__) && !defined(__clang__)
#define MCUGEN_ARMV6M_ASSEMBLY 1
#else
#define MCUGEN_ARMV6M_ASSEMBLY 0
#endif

/* A word of memory that was, or will be, accessed as other types too: the arena is plain bytes. */
typedef uint32_t __attribute__((may_alias)) mcugen_armv6m_word;

#endif
