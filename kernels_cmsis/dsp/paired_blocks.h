/* Blocks of four channels of paired.h in one piece of assembly, made for each layer's numbers: the fastest. */
#ifndef MCUGEN_DSP_PAIRED_BLOCKS_H
#define MCUGEN_DSP_PAIRED_BLOCKS_H

#include "dsp/paired_steps.h"
#include "dsp/requantize.h"

/* Turns of `number` steps until the activations are at their end, which is read from the stack. */
#define MCUGEN_DSP_PAIRED_LOOP(number)           \
    "2:\n\t"                                     \
    MCUGEN_DSP_PAIRED_##number                   \
    "ldr r10, [sp, #12]\n\t"                     \
    "add r0, r0, #16*" #number "\n\t"            \
    "add r1, r1, #16*" #number "\n\t"            \
    "cmp r0, r10\n\t"                            \
    "bne 2b\n\t"
#define MCUGEN_DSP_PAIRED_ONCE(number)           \
    MCUGEN_DSP_PAIRED_##number                   \
    "add r1, r1, #16*" #number "\n\t"

#define MCUGEN_DSP_PAIRED_SCALE_START
#define MCUGEN_DSP_PAIRED_SCALE_TIES_START "mov r11, %[rounding]\n\t"
#define MCUGEN_DSP_PAIRED_SCALE(sum) "smmlar " sum ", " sum ", r12, lr\n\t"
/* The same with negative ties rounded down. */
#define MCUGEN_DSP_PAIRED_SCALE_TIES(sum) "smmlar r11, " sum ", r12, lr\n\tadd " sum ", r11, " sum ", asr #31\n\t"
/* One channel of two columns: its doubled sums to int8. The low byte of r10 is its exponent less one, r12 its multiplier;
 * `next` is what brings those of the next channel, a load behind a store. */
#define MCUGEN_DSP_PAIRED_CHANNEL(scale, sum0, sum1, at0, at1, next)         \
    scale##_START                                                            \
    "lsl lr, r11, r10\n\t"                                                   \
    scale(sum0)                                                              \
    scale(sum1)                                                              \
    "asr " sum0 ", " sum0 ", r10\n\t"                                        \
    "asr " sum1 ", " sum1 ", r10\n\t"                                        \
    "ssat " sum0 ", #8, " sum0 ", asr #1\n\t"                                \
    "ssat " sum1 ", #8, " sum1 ", asr #1\n\t"                                \
    "strb " sum0 ", [r0, #" at0 "]\n\t"                                      \
    "strb " sum1 ", [r0, " at1 "]\n\t"                                       \
    next
#define MCUGEN_DSP_PAIRED_NEXT(multiplier) "ldr r12, [r1, #" multiplier "]\n\tlsr r10, r10, #8\n\t"

/* Blocks of four channels until the output is at its end. On the stack: where activations start, output, its end, and the
 * end of the activations' turns. */
#define MCUGEN_DSP_PAIRED_BLOCKS(turns, rest, scale)                          \
    __asm__ volatile("push {r0, r2, r3, r4}\n"                                \
                     "1:\n\t"                                                 \
                     "ldm r1!, {r2, r3, r6, r7}\n\t"                          \
                     "mov r4, r2\n\t"                                         \
                     "mov r5, r3\n\t"                                         \
                     "mov r8, r6\n\t"                                         \
                     "mov r9, r7\n\t"                                         \
                     turns                                                    \
                     rest                                                     \
                     "ldr r10, [r1, #16]\n\t"                                 \
                     "ldr r12, [r1]\n\t"                                      \
                     "ldr r0, [sp, #4]\n\t"                                   \
                     "mov r11, %[rounding]\n\t"                               \
                     "sub r3, r3, r2\n\t"                                     \
                     "sub r5, r5, r4\n\t"                                     \
                     "sub r7, r7, r6\n\t"                                     \
                     "sub r9, r9, r8\n\t"                                     \
                     "lsl r2, r2, #1\n\t"                                     \
                     "lsl r4, r4, #1\n\t"                                     \
                     "lsl r6, r6, #1\n\t"                                     \
                     "lsl r8, r8, #1\n\t"                                     \
                     "asr r3, r3, #7\n\t"                                     \
                     "asr r5, r5, #7\n\t"                                     \
                     "asr r7, r7, #7\n\t"                                     \
                     "asr r9, r9, #7\n\t"                                     \
                     MCUGEN_DSP_PAIRED_CHANNEL(scale, "r2", "r4", "0", "%[at0]", MCUGEN_DSP_PAIRED_NEXT("4"))  \
                     MCUGEN_DSP_PAIRED_CHANNEL(scale, "r3", "r5", "1", "%[at1]", MCUGEN_DSP_PAIRED_NEXT("8"))  \
                     MCUGEN_DSP_PAIRED_CHANNEL(scale, "r6", "r8", "2", "%[at2]", MCUGEN_DSP_PAIRED_NEXT("12")) \
                     MCUGEN_DSP_PAIRED_CHANNEL(scale, "r7", "r9", "3", "%[at3]", )                             \
                     "ldr r3, [sp, #8]\n\t"                                   \
                     "add r2, r0, #4\n\t"                                     \
                     "str r2, [sp, #4]\n\t"                                   \
                     "ldr r0, [sp]\n\t"                                       \
                     "add r1, r1, #20\n\t"                                    \
                     "cmp r2, r3\n\t"                                         \
                     "bne 1b\n\t"                                             \
                     "add sp, sp, #16\n\t"                                    \
                     : "+r"(x), "+r"(w), "+r"(from), "+r"(to), "+r"(end)      \
                     : [rounding] "i"(2 * out->zero_point + 1), [at0] "i"(output_stride), [at1] "i"(output_stride + 1), \
                       [at2] "i"(output_stride + 2), [at3] "i"(output_stride + 3)                                      \
                     : "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
/* In a turn so many steps, and after the turns `left` steps: constants. */
#define MCUGEN_DSP_PAIRED_CASE(condition, turns, left, rest)                  \
    if ((condition) && steps_left == (left)) {                                \
        if (!mcugen_dsp_has_ties(out)) {                              \
            MCUGEN_DSP_PAIRED_BLOCKS(turns, rest, MCUGEN_DSP_PAIRED_SCALE);   \
        } else {                                                              \
            MCUGEN_DSP_PAIRED_BLOCKS(turns, rest, MCUGEN_DSP_PAIRED_SCALE_TIES); \
        }                                                                     \
    }
/* All steps in turns of `number`; in a single one. */
#define MCUGEN_DSP_PAIRED_TURNS(number) \
    MCUGEN_DSP_PAIRED_CASE(turn == (number) && quads != (number), MCUGEN_DSP_PAIRED_LOOP(number), 0, )
#define MCUGEN_DSP_PAIRED_ALL(number) \
    MCUGEN_DSP_PAIRED_CASE(turn == (number) && quads == (number), MCUGEN_DSP_PAIRED_ONCE(number), 0, )
/* All but `left` in turns of `number`. */
#define MCUGEN_DSP_PAIRED_MOST(number, left) \
    MCUGEN_DSP_PAIRED_CASE(turn == (number), MCUGEN_DSP_PAIRED_LOOP(number), left, MCUGEN_DSP_PAIRED_ONCE(left))

/* Steps of a turn of the loop: as many as there are, or many that leave nothing over. `quads` is a constant. */
MCUGEN_KERNEL int32_t mcugen_dsp_paired_turn(int32_t quads)
{
    if (quads <= 16) {
        return quads;
    }
    if (quads % 16 == 0 || quads % 15 == 0 || quads % 14 == 0) {
        return quads % 16 == 0 ? 16 : quads % 15 == 0 ? 15 : 14;
    }
    if (quads % 13 == 0 || quads % 12 == 0 || quads % 11 == 0) {
        return quads % 13 == 0 ? 13 : quads % 12 == 0 ? 12 : 11;
    }
    return quads % 10 == 0 ? 10 : quads % 9 == 0 ? 9 : 8;
}

/* False when offsets do not fit the instructions, or there is another clamp than saturation. */
MCUGEN_KERNEL int mcugen_dsp_paired_in_assembly(int32_t quads, int32_t output_stride,
                                                const struct mcugen_dsp_output *out)
{
    return __builtin_constant_p(quads) && __builtin_constant_p(output_stride) &&
           __builtin_constant_p(out->zero_point) && output_stride <= 4092 && out->clamp_min == INT8_MIN &&
           out->clamp_max == INT8_MAX;
}

/* The blocks of four channels in one piece of assembly: around smaller ones, GCC would move registers. Returns the stream
 * behind them. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_paired_blocks(const mcugen_word *activations, int32_t quads,
                                                          const mcugen_word *stream, int8_t *output,
                                                          int8_t *output_end, int32_t output_stride,
                                                          const struct mcugen_dsp_output *out)
{
    const int32_t turn = mcugen_dsp_paired_turn(quads), steps_left = quads == turn ? 0 : quads % turn;
    register const mcugen_word *x __asm__("r0") = activations;
    register const mcugen_word *w __asm__("r1") = stream;
    register int8_t *from __asm__("r2") = output, *to __asm__("r3") = output_end;
    register const mcugen_word *end __asm__("r4") = activations + 4 * (quads - steps_left);
    MCUGEN_DSP_PAIRED_ALL(1)
    MCUGEN_DSP_PAIRED_ALL(2)
    MCUGEN_DSP_PAIRED_ALL(3)
    MCUGEN_DSP_PAIRED_ALL(4)
    MCUGEN_DSP_PAIRED_ALL(5)
    MCUGEN_DSP_PAIRED_ALL(6)
    MCUGEN_DSP_PAIRED_ALL(7)
    MCUGEN_DSP_PAIRED_ALL(8)
    MCUGEN_DSP_PAIRED_ALL(9)
    MCUGEN_DSP_PAIRED_ALL(10)
    MCUGEN_DSP_PAIRED_ALL(11)
    MCUGEN_DSP_PAIRED_ALL(12)
    MCUGEN_DSP_PAIRED_ALL(13)
    MCUGEN_DSP_PAIRED_ALL(14)
    MCUGEN_DSP_PAIRED_ALL(15)
    MCUGEN_DSP_PAIRED_ALL(16)
    MCUGEN_DSP_PAIRED_TURNS(8)
    MCUGEN_DSP_PAIRED_TURNS(9)
    MCUGEN_DSP_PAIRED_TURNS(10)
    MCUGEN_DSP_PAIRED_TURNS(11)
    MCUGEN_DSP_PAIRED_TURNS(12)
    MCUGEN_DSP_PAIRED_TURNS(13)
    MCUGEN_DSP_PAIRED_TURNS(14)
    MCUGEN_DSP_PAIRED_TURNS(15)
    MCUGEN_DSP_PAIRED_TURNS(16)
    MCUGEN_DSP_PAIRED_MOST(8, 1)
    MCUGEN_DSP_PAIRED_MOST(8, 2)
    MCUGEN_DSP_PAIRED_MOST(8, 3)
    MCUGEN_DSP_PAIRED_MOST(8, 4)
    MCUGEN_DSP_PAIRED_MOST(8, 5)
    MCUGEN_DSP_PAIRED_MOST(8, 6)
    MCUGEN_DSP_PAIRED_MOST(8, 7)
    return w;
}

#endif
