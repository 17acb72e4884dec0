/* Blocks of four channels of paired.h in one piece of assembly, of which there is one for all layers: in builds for size.
 * What layers differ in is on the stack. */
#ifndef MCUGEN_DSP_PAIRED_SMALL_H
#define MCUGEN_DSP_PAIRED_SMALL_H

#include "dsp/paired_steps.h"
#include "dsp/requantize.h"

/* One channel of two columns: its doubled sums to int8, negative ties rounded down (which changes nothing where the clamp
 * cuts negative values off). The low byte of r10 is the exponent less one, r12 the multiplier, lr 2 * zero point + 1.
 * `store` brings what the next channel needs: loads behind a store take one cycle. */
#define MCUGEN_DSP_SMALL_CHANNEL(sum0, sum1, store)     \
    "lsl lr, lr, r10\n\t"                               \
    "smmlar r11, " sum0 ", r12, lr\n\t"                 \
    "add " sum0 ", r11, " sum0 ", asr #31\n\t"          \
    "smmlar r11, " sum1 ", r12, lr\n\t"                 \
    "add " sum1 ", r11, " sum1 ", asr #31\n\t"          \
    "asr " sum0 ", " sum0 ", r10\n\t"                   \
    "asr " sum1 ", " sum1 ", r10\n\t"                   \
    "ssat " sum0 ", #8, " sum0 ", asr #1\n\t"           \
    "ssat " sum1 ", #8, " sum1 ", asr #1\n\t"           \
    store
#define MCUGEN_DSP_SMALL_NEXT(multiplier)               \
    "ldr r12, [r1, #" multiplier "]\n\t"                \
    "ldr lr, [sp, #16]\n\t"                             \
    "lsr r10, r10, #8\n\t"

/* False when there is another clamp than saturation. */
MCUGEN_KERNEL int mcugen_dsp_paired_in_assembly(int32_t quads, int32_t output_stride,
                                                const struct mcugen_dsp_output *out)
{
    (void)quads;
    (void)output_stride;
    return out->clamp_min == INT8_MIN && out->clamp_max == INT8_MAX;
}

/* At least one block; steps in turns of four, of which the first may begin in the middle. Returns the stream behind the
 * blocks. On the stack: where activations start, output, its end, the end of the activations, 2 * zero point + 1, the stride,
 * and bytes of the steps that the first turn leaves out, which the pointers of activations and weights start before. */
MCUGEN_SHARED const mcugen_word *mcugen_dsp_paired_small(const mcugen_word *activations, int32_t quads,
                                                         const mcugen_word *stream, int8_t *output, int8_t *output_end,
                                                         int32_t output_stride, int32_t zero_point)
{
    register const mcugen_word *x __asm__("r0") = activations;
    register const mcugen_word *w __asm__("r1") = stream;
    register int8_t *from __asm__("r2") = output, *to __asm__("r3") = output_end;
    register const mcugen_word *end __asm__("r4") = activations + 4 * quads;
    register int32_t rounding __asm__("r5") = 2 * zero_point + 1, stride __asm__("r6") = output_stride;
    register int32_t skipped __asm__("r7") = -quads % 4 * 16 & 48;
    __asm__ volatile("sub r0, r0, r7\n\t"
                     "push {r0, r2, r3, r4, r5, r6, r7, r8}\n"
                     "1:\n\t"
                     "ldm r1!, {r2, r3, r6, r7}\n\t"
                     "ldr r10, [sp, #24]\n\t"
                     "mov r4, r2\n\t"
                     "mov r5, r3\n\t"
                     "mov r8, r6\n\t"
                     "mov r9, r7\n\t"
                     "sub r1, r1, r10\n\t"
                     "cmp r10, #16\n\t"
                     "blo 2f\n\t"
                     "beq 3f\n\t"
                     "cmp r10, #32\n\t"
                     "beq 4f\n\t"
                     "b 5f\n"
                     "2:\n\t"
                     MCUGEN_DSP_PAIRED_QUAD0
                     "3:\n\t"
                     MCUGEN_DSP_PAIRED_QUAD1
                     "4:\n\t"
                     MCUGEN_DSP_PAIRED_QUAD2
                     "5:\n\t"
                     MCUGEN_DSP_PAIRED_QUAD3
                     "ldr r10, [sp, #12]\n\t"
                     "add r0, r0, #64\n\t"
                     "add r1, r1, #64\n\t"
                     "cmp r0, r10\n\t"
                     "bne 2b\n\t"
                     "ldr r10, [r1, #16]\n\t"
                     "ldr r0, [sp, #4]\n\t"
                     "ldr r12, [r1]\n\t"
                     "ldr lr, [sp, #16]\n\t"
                     "sub r3, r3, r2\n\t"
                     "sub r5, r5, r4\n\t"
                     "sub r7, r7, r6\n\t"
                     "sub r9, r9, r8\n\t"
                     "lsl r2, r2, #1\n\t"
                     "lsl r4, r4, #1\n\t"
                     "lsl r6, r6, #1\n\t"
                     "lsl r8, r8, #1\n\t"
                     "asr r3, r3, #7\n\t"
                     "asr r5, r5, #7\n\t"
                     "asr r7, r7, #7\n\t"
                     "asr r9, r9, #7\n\t"
                     MCUGEN_DSP_SMALL_CHANNEL("r2", "r4", "strb r2, [r0]\n\tldr r2, [sp, #20]\n\tadd r2, r2, r0\n\t"
                                                          "strb r4, [r2]\n\t" MCUGEN_DSP_SMALL_NEXT("4"))
                     MCUGEN_DSP_SMALL_CHANNEL("r3", "r5", "strb r3, [r0, #1]\n\tstrb r5, [r2, #1]\n\t"
                                                          MCUGEN_DSP_SMALL_NEXT("8"))
                     MCUGEN_DSP_SMALL_CHANNEL("r6", "r8", "strb r6, [r0, #2]\n\tstrb r8, [r2, #2]\n\t"
                                                          MCUGEN_DSP_SMALL_NEXT("12"))
                     MCUGEN_DSP_SMALL_CHANNEL("r7", "r9", "strb r7, [r0, #3]\n\tstrb r9, [r2, #3]\n\t")
                     "ldr r3, [sp, #8]\n\t"
                     "add r2, r0, #4\n\t"
                     "str r2, [sp, #4]\n\t"
                     "ldr r0, [sp]\n\t"
                     "add r1, r1, #20\n\t"
                     "cmp r2, r3\n\t"
                     "bne 1b\n\t"
                     "add sp, sp, #32\n\t"
                     : "+r"(x), "+r"(w), "+r"(from), "+r"(to), "+r"(end), "+r"(rounding), "+r"(stride), "+r"(skipped)
                     :
                     : "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
    return w;
}

/* As in paired_blocks.h. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_paired_blocks(const mcugen_word *activations, int32_t quads,
                                                          const mcugen_word *stream, int8_t *output,
                                                          int8_t *output_end, int32_t output_stride,
                                                          const struct mcugen_dsp_output *out)
{
    return mcugen_dsp_paired_small(activations, quads, stream, output, output_end, output_stride, out->zero_point);
}

#endif
