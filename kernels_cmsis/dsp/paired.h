/* Two output channels in the bytes of one half-word: a product without widening half of the weights.
 *
 * A half-word of the stream is a + 256 * b, for the weights a and b of two neighbouring channels at one input. SMLAD with
 * these halves as they are sums up  both = sum(x * a) + 256 * sum(x * b);  SXTB16 leaves a alone, and SMLAD with that sums
 * up  first = sum(x * a).  Then  (both - first) / 256  is the second channel's sum: exact modulo 2**24, which the packer
 * proves to be enough for each layer from its real weights (mcugen/kernels/dsp/paired.py). Three instructions for four
 * products of int8 weights, where widening all of them takes four.
 *
 * Activations are widened as in gemm.h, two columns at a time: four words in turn, first those of the inputs (0, 2) of
 * both columns, then those of the inputs (1, 3). Output channels come in blocks of four, two pairs. The weight stream holds for each block
 *   first and both of each pair to begin with (the biases), then for each four inputs one word a pair of the inputs
 *   (0, 2) and one word a pair of the inputs (1, 3), multiplier[channels], shifts,
 * with one exponent, less one, a byte of the last word. What is left over follows as a smaller block; a pair without its
 * second channel has weights of 0 there.
 */
#ifndef MCUGEN_DSP_PAIRED_H
#define MCUGEN_DSP_PAIRED_H

#include "gemm.h"

enum { MCUGEN_DSP_PAIRED_COLUMNS = 2, MCUGEN_DSP_PAIRS = 2 };

/* The sums of one pair of channels. */
struct mcugen_dsp_pair {
    int32_t first, both;
};

/* One word of weights times one of activations. */
MCUGEN_KERNEL void mcugen_dsp_paired_accumulate(uint32_t x, uint32_t raw, uint32_t first, struct mcugen_dsp_pair *pair)
{
    mcugen_accumulate(x, raw, &pair->both);
    mcugen_accumulate(x, first, &pair->first);
}

MCUGEN_KERNEL int32_t mcugen_dsp_doubled_first(const struct mcugen_dsp_pair *pair)
{
    return (int32_t)((uint32_t)pair->first << 1);
}

MCUGEN_KERNEL int32_t mcugen_dsp_doubled_second(const struct mcugen_dsp_pair *pair)
{
    return (int32_t)((uint32_t)pair->both - (uint32_t)pair->first) >> 7;
}

/* Writes `channels` channels of `columns` columns. `stream` is at the block's multipliers; returns the next block. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_paired_finish(const mcugen_word *stream, int8_t *output,
                                                          int32_t output_stride, int columns, int channels,
                                                          struct mcugen_dsp_pair sums[][MCUGEN_DSP_PAIRED_COLUMNS],
                                                          const struct mcugen_dsp_output *out)
{
    uint32_t exponents = stream[channels];
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        const int32_t multiplier = (int32_t)stream[c];
        const int32_t rounding = mcugen_dsp_rounding_by_byte(exponents, out);
#pragma GCC unroll 2
        for (int p = 0; p < columns; p++) {
            const struct mcugen_dsp_pair *pair = &sums[c / 2][p];
            const int32_t doubled = c % 2 == 0 ? mcugen_dsp_doubled_first(pair) : mcugen_dsp_doubled_second(pair);
            output[p * output_stride + c] = mcugen_dsp_requantize_by_byte(doubled, multiplier, exponents, rounding, out);
        }
        exponents >>= 8;
    }
    return stream + channels + 1;
}

#if MCUGEN_DSP_ALL_REGISTERS
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
        if (out->clamp_min >= out->zero_point) {                              \
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
#endif

/* Steps of a turn of the loop: as many as there are, or many that leave nothing over. `quads` is a constant. */
MCUGEN_KERNEL int32_t mcugen_dsp_paired_turn(int32_t quads)
{
#if defined(__OPTIMIZE_SIZE__)
    return quads <= 4 ? quads : quads % 4 == 0 ? 4 : quads % 3 == 0 ? 3 : quads % 5 == 0 ? 5 : 4;
#else
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
#endif
}

/* Four more inputs of two columns and `pairs` pairs. */
MCUGEN_KERNEL void mcugen_dsp_paired_step(const mcugen_word **activations, const mcugen_word **weights, int pairs,
                                          struct mcugen_dsp_pair sums[][MCUGEN_DSP_PAIRED_COLUMNS])
{
#pragma GCC unroll 2
    for (int odd = 0; odd < 2; odd++) {
        const uint32_t x0 = (*activations)[2 * odd], x1 = (*activations)[2 * odd + 1];
#pragma GCC unroll 2
        for (int p = 0; p < pairs; p++) {
            const uint32_t raw = *(*weights)++, first = mcugen_sxtb16(raw);
            mcugen_dsp_paired_accumulate(x0, raw, first, &sums[p][0]);
            mcugen_dsp_paired_accumulate(x1, raw, first, &sums[p][1]);
        }
    }
    *activations += 4;
}

/* `channels` (a constant, 1 to 4) output channels of two columns; returns the stream's next block. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_paired_block(const mcugen_word *activations, int32_t quads,
                                                         const mcugen_word *stream, int8_t *output,
                                                         int32_t output_stride, int channels,
                                                         const struct mcugen_dsp_output *out)
{
    struct mcugen_dsp_pair sums[MCUGEN_DSP_PAIRS][MCUGEN_DSP_PAIRED_COLUMNS];
    const int pairs = (channels + 1) / 2;
#pragma GCC unroll 2
    for (int p = 0; p < pairs; p++) {
#pragma GCC unroll 2
        for (int column = 0; column < 2; column++) {
            sums[p][column].first = (int32_t)stream[2 * p];
            sums[p][column].both = (int32_t)stream[2 * p + 1];
        }
    }
    stream += 2 * pairs;
    for (int32_t i = 0; i < quads; i++) {
        mcugen_dsp_paired_step(&activations, &stream, pairs, sums);
    }
    return mcugen_dsp_paired_finish(stream, output, output_stride, 2, channels, sums, out);
}

#if MCUGEN_DSP_ALL_REGISTERS
/* The blocks of four channels in one piece of assembly: around smaller ones, GCC would move registers. Returns the stream
 * behind them; `stream` itself, with nothing done, when offsets do not fit the instructions or there is another clamp than
 * saturation. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_paired_blocks(const mcugen_word *activations, int32_t quads,
                                                          const mcugen_word *stream, int8_t *output,
                                                          int8_t *output_end, int32_t output_stride,
                                                          const struct mcugen_dsp_output *out)
{
    if (!__builtin_constant_p(quads) || !__builtin_constant_p(output_stride) ||
        !__builtin_constant_p(out->zero_point) || output_stride > 4092 ||
        out->clamp_min != INT8_MIN || out->clamp_max != INT8_MAX) {
        return stream;
    }
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
    MCUGEN_DSP_PAIRED_TURNS(3)
    MCUGEN_DSP_PAIRED_TURNS(4)
    MCUGEN_DSP_PAIRED_TURNS(5)
    MCUGEN_DSP_PAIRED_TURNS(8)
    MCUGEN_DSP_PAIRED_TURNS(9)
    MCUGEN_DSP_PAIRED_TURNS(10)
    MCUGEN_DSP_PAIRED_TURNS(11)
    MCUGEN_DSP_PAIRED_TURNS(12)
    MCUGEN_DSP_PAIRED_TURNS(13)
    MCUGEN_DSP_PAIRED_TURNS(14)
    MCUGEN_DSP_PAIRED_TURNS(15)
    MCUGEN_DSP_PAIRED_TURNS(16)
    MCUGEN_DSP_PAIRED_MOST(4, 1)
    MCUGEN_DSP_PAIRED_MOST(4, 2)
    MCUGEN_DSP_PAIRED_MOST(4, 3)
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

/* All output channels of two interleaved columns. */
MCUGEN_KERNEL void mcugen_dsp_paired_gemm(const mcugen_word *activations, int32_t quads, const mcugen_word *stream,
                                          int8_t *output, int32_t output_c, const struct mcugen_dsp_output *out)
{
    int8_t *blocks_end = output + (output_c & ~3);
#if MCUGEN_DSP_ALL_REGISTERS
    if (output != blocks_end) {
        const mcugen_word *behind =
            mcugen_dsp_paired_blocks(activations, quads, stream, output, blocks_end, output_c, out);
        output = behind != stream ? blocks_end : output;
        stream = behind;
    }
#endif
    while (output != blocks_end) {
        stream = mcugen_dsp_paired_block(activations, quads, stream, output, output_c, 4, out);
        output += 4;
    }
    if (output_c % 4 != 0) {
        (void)mcugen_dsp_paired_block(activations, quads, stream, output, output_c, output_c % 4, out);
    }
}

/* Makes the second column the first one. */
MCUGEN_KERNEL void mcugen_dsp_paired_keep(mcugen_word *columns, int32_t quads)
{
    for (int32_t i = 0; i < quads; i++) {
        columns[0] = columns[1];
        columns[2] = columns[3];
        columns += 4;
    }
}

/* At least two rows of `input` (depth bytes), each giving a row of `output` (output_c bytes); two rows are read, then
 * written. An odd last row comes with the one before it, whose outputs come out the same again. */
MCUGEN_KERNEL void mcugen_dsp_paired_rows(const int8_t *input, int32_t rows, int32_t depth, const uint32_t *weights,
                                          int8_t *output, int32_t output_c, mcugen_word *columns,
                                          const struct mcugen_dsp_output *out)
{
    const int32_t quads = (depth + 3) / 4;
    for (int32_t left = rows; left > 0; left -= 2) {
        int32_t kept = 0;
        if (rows % 2 != 0 && left == 1) {
            kept = 1;
            mcugen_dsp_paired_keep(columns, quads);
            output -= output_c;
        }
        for (int32_t p = kept; p < 2; p++) {
            mcugen_dsp_widen(columns + p, input, depth, 2, 2);
            input += depth;
        }
        mcugen_dsp_paired_gemm(columns, quads, weights, output, output_c, out);
        output += 2 * output_c;
    }
}

#endif
