/* The inner steps of paired.h, as assembly. */
#ifndef MCUGEN_DSP_PAIRED_STEPS_H
#define MCUGEN_DSP_PAIRED_STEPS_H

#include "dsp/intrinsics.h"

/* Registers, by name, because GCC would not find a way to give out all fourteen at every option: r0 activations, r1 weights,
 * r2 to r9 the sums {first, both} of each pair's columns, the others inputs and weights. */
#if MCUGEN_WIDE_BUS
#define MCUGEN_DSP_PAIRED_LOADS(offset0, offset1)   \
    "ldrd r10, r11, [r0, #" offset0 "]\n\t"         \
    "ldrd r12, lr, [r1, #" offset0 "]\n\t"
#else
/* Loads in a row overlap. */
#define MCUGEN_DSP_PAIRED_LOADS(offset0, offset1)   \
    "ldr r10, [r0, #" offset0 "]\n\t"               \
    "ldr r11, [r0, #" offset1 "]\n\t"               \
    "ldr r12, [r1, #" offset0 "]\n\t"               \
    "ldr lr, [r1, #" offset1 "]\n\t"
#endif

/* Two inputs of two columns and two pairs. */
#define MCUGEN_DSP_PAIRED_HALF(offset0, offset1)    \
    MCUGEN_DSP_PAIRED_LOADS(offset0, offset1)       \
    "smlad r3, r12, r10, r3\n\t"                    \
    "smlad r5, r12, r11, r5\n\t"                    \
    "sxtb16 r12, r12\n\t"                           \
    "smlad r7, lr, r10, r7\n\t"                     \
    "smlad r9, lr, r11, r9\n\t"                     \
    "sxtb16 lr, lr\n\t"                             \
    "smlad r2, r12, r10, r2\n\t"                    \
    "smlad r4, r12, r11, r4\n\t"                    \
    "smlad r6, lr, r10, r6\n\t"                     \
    "smlad r8, lr, r11, r8\n\t"
#define MCUGEN_DSP_PAIRED_QUAD0 MCUGEN_DSP_PAIRED_HALF("0", "4") MCUGEN_DSP_PAIRED_HALF("8", "12")
#define MCUGEN_DSP_PAIRED_QUAD1 MCUGEN_DSP_PAIRED_HALF("16", "20") MCUGEN_DSP_PAIRED_HALF("24", "28")
#define MCUGEN_DSP_PAIRED_QUAD2 MCUGEN_DSP_PAIRED_HALF("32", "36") MCUGEN_DSP_PAIRED_HALF("40", "44")
#define MCUGEN_DSP_PAIRED_QUAD3 MCUGEN_DSP_PAIRED_HALF("48", "52") MCUGEN_DSP_PAIRED_HALF("56", "60")
#define MCUGEN_DSP_PAIRED_QUAD4 MCUGEN_DSP_PAIRED_HALF("64", "68") MCUGEN_DSP_PAIRED_HALF("72", "76")
#define MCUGEN_DSP_PAIRED_QUAD5 MCUGEN_DSP_PAIRED_HALF("80", "84") MCUGEN_DSP_PAIRED_HALF("88", "92")
#define MCUGEN_DSP_PAIRED_QUAD6 MCUGEN_DSP_PAIRED_HALF("96", "100") MCUGEN_DSP_PAIRED_HALF("104", "108")
#define MCUGEN_DSP_PAIRED_QUAD7 MCUGEN_DSP_PAIRED_HALF("112", "116") MCUGEN_DSP_PAIRED_HALF("120", "124")
#define MCUGEN_DSP_PAIRED_QUAD8 MCUGEN_DSP_PAIRED_HALF("128", "132") MCUGEN_DSP_PAIRED_HALF("136", "140")
#define MCUGEN_DSP_PAIRED_QUAD9 MCUGEN_DSP_PAIRED_HALF("144", "148") MCUGEN_DSP_PAIRED_HALF("152", "156")
#define MCUGEN_DSP_PAIRED_QUAD10 MCUGEN_DSP_PAIRED_HALF("160", "164") MCUGEN_DSP_PAIRED_HALF("168", "172")
#define MCUGEN_DSP_PAIRED_QUAD11 MCUGEN_DSP_PAIRED_HALF("176", "180") MCUGEN_DSP_PAIRED_HALF("184", "188")
#define MCUGEN_DSP_PAIRED_QUAD12 MCUGEN_DSP_PAIRED_HALF("192", "196") MCUGEN_DSP_PAIRED_HALF("200", "204")
#define MCUGEN_DSP_PAIRED_QUAD13 MCUGEN_DSP_PAIRED_HALF("208", "212") MCUGEN_DSP_PAIRED_HALF("216", "220")
#define MCUGEN_DSP_PAIRED_QUAD14 MCUGEN_DSP_PAIRED_HALF("224", "228") MCUGEN_DSP_PAIRED_HALF("232", "236")
#define MCUGEN_DSP_PAIRED_QUAD15 MCUGEN_DSP_PAIRED_HALF("240", "244") MCUGEN_DSP_PAIRED_HALF("248", "252")
#define MCUGEN_DSP_PAIRED_0
#define MCUGEN_DSP_PAIRED_1 MCUGEN_DSP_PAIRED_QUAD0
#define MCUGEN_DSP_PAIRED_2 MCUGEN_DSP_PAIRED_1 MCUGEN_DSP_PAIRED_QUAD1
#define MCUGEN_DSP_PAIRED_3 MCUGEN_DSP_PAIRED_2 MCUGEN_DSP_PAIRED_QUAD2
#define MCUGEN_DSP_PAIRED_4 MCUGEN_DSP_PAIRED_3 MCUGEN_DSP_PAIRED_QUAD3
#define MCUGEN_DSP_PAIRED_5 MCUGEN_DSP_PAIRED_4 MCUGEN_DSP_PAIRED_QUAD4
#define MCUGEN_DSP_PAIRED_6 MCUGEN_DSP_PAIRED_5 MCUGEN_DSP_PAIRED_QUAD5
#define MCUGEN_DSP_PAIRED_7 MCUGEN_DSP_PAIRED_6 MCUGEN_DSP_PAIRED_QUAD6
#define MCUGEN_DSP_PAIRED_8 MCUGEN_DSP_PAIRED_7 MCUGEN_DSP_PAIRED_QUAD7
#define MCUGEN_DSP_PAIRED_9 MCUGEN_DSP_PAIRED_8 MCUGEN_DSP_PAIRED_QUAD8
#define MCUGEN_DSP_PAIRED_10 MCUGEN_DSP_PAIRED_9 MCUGEN_DSP_PAIRED_QUAD9
#define MCUGEN_DSP_PAIRED_11 MCUGEN_DSP_PAIRED_10 MCUGEN_DSP_PAIRED_QUAD10
#define MCUGEN_DSP_PAIRED_12 MCUGEN_DSP_PAIRED_11 MCUGEN_DSP_PAIRED_QUAD11
#define MCUGEN_DSP_PAIRED_13 MCUGEN_DSP_PAIRED_12 MCUGEN_DSP_PAIRED_QUAD12
#define MCUGEN_DSP_PAIRED_14 MCUGEN_DSP_PAIRED_13 MCUGEN_DSP_PAIRED_QUAD13
#define MCUGEN_DSP_PAIRED_15 MCUGEN_DSP_PAIRED_14 MCUGEN_DSP_PAIRED_QUAD14
#define MCUGEN_DSP_PAIRED_16 MCUGEN_DSP_PAIRED_15 MCUGEN_DSP_PAIRED_QUAD15

#endif
