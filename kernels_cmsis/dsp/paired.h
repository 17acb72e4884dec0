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
#if MCUGEN_WIDE_BUS
#define MCUGEN_DSP_PAIRED_LOADS(offset0, offset1)             \
    "ldrd %[x0], %[x1], [%[x], #" offset0 "]\n\t"            \
    "ldrd %[w0], %[w1], [%[w], #" offset0 "]\n\t"
#else
/* Loads in a row overlap. */
#define MCUGEN_DSP_PAIRED_LOADS(offset0, offset1)             \
    "ldr %[x0], [%[x], #" offset0 "]\n\t"                    \
    "ldr %[x1], [%[x], #" offset1 "]\n\t"                    \
    "ldr %[w0], [%[w], #" offset0 "]\n\t"                    \
    "ldr %[w1], [%[w], #" offset1 "]\n\t"
#endif

/* Two inputs of two columns and two pairs. */
#define MCUGEN_DSP_PAIRED_HALF(offset0, offset1)             \
    MCUGEN_DSP_PAIRED_LOADS(offset0, offset1)                \
    "smlad %[both00], %[w0], %[x0], %[both00]\n\t"           \
    "smlad %[both01], %[w0], %[x1], %[both01]\n\t"           \
    "sxtb16 %[w0], %[w0]\n\t"                                \
    "smlad %[both10], %[w1], %[x0], %[both10]\n\t"           \
    "smlad %[both11], %[w1], %[x1], %[both11]\n\t"           \
    "sxtb16 %[w1], %[w1]\n\t"                                \
    "smlad %[first00], %[w0], %[x0], %[first00]\n\t"         \
    "smlad %[first01], %[w0], %[x1], %[first01]\n\t"         \
    "smlad %[first10], %[w1], %[x0], %[first10]\n\t"         \
    "smlad %[first11], %[w1], %[x1], %[first11]\n\t"
#define MCUGEN_DSP_PAIRED_QUAD0 MCUGEN_DSP_PAIRED_HALF("0", "4") MCUGEN_DSP_PAIRED_HALF("8", "12")
#define MCUGEN_DSP_PAIRED_QUAD1 MCUGEN_DSP_PAIRED_HALF("16", "20") MCUGEN_DSP_PAIRED_HALF("24", "28")
#define MCUGEN_DSP_PAIRED_QUAD2 MCUGEN_DSP_PAIRED_HALF("32", "36") MCUGEN_DSP_PAIRED_HALF("40", "44")
#define MCUGEN_DSP_PAIRED_QUAD3 MCUGEN_DSP_PAIRED_HALF("48", "52") MCUGEN_DSP_PAIRED_HALF("56", "60")
#define MCUGEN_DSP_PAIRED_QUAD4 MCUGEN_DSP_PAIRED_HALF("64", "68") MCUGEN_DSP_PAIRED_HALF("72", "76")
#define MCUGEN_DSP_PAIRED_QUAD5 MCUGEN_DSP_PAIRED_HALF("80", "84") MCUGEN_DSP_PAIRED_HALF("88", "92")
#define MCUGEN_DSP_PAIRED_QUAD6 MCUGEN_DSP_PAIRED_HALF("96", "100") MCUGEN_DSP_PAIRED_HALF("104", "108")
#define MCUGEN_DSP_PAIRED_2 MCUGEN_DSP_PAIRED_QUAD0 MCUGEN_DSP_PAIRED_QUAD1
#define MCUGEN_DSP_PAIRED_3 MCUGEN_DSP_PAIRED_2 MCUGEN_DSP_PAIRED_QUAD2
#define MCUGEN_DSP_PAIRED_4 MCUGEN_DSP_PAIRED_3 MCUGEN_DSP_PAIRED_QUAD3
#define MCUGEN_DSP_PAIRED_5 MCUGEN_DSP_PAIRED_4 MCUGEN_DSP_PAIRED_QUAD4
#define MCUGEN_DSP_PAIRED_6 MCUGEN_DSP_PAIRED_5 MCUGEN_DSP_PAIRED_QUAD5
#define MCUGEN_DSP_PAIRED_7 MCUGEN_DSP_PAIRED_6 MCUGEN_DSP_PAIRED_QUAD6

/* All fourteen registers, by name: GCC would not find a way to give them out at every option. */
#define MCUGEN_DSP_PAIRED_ASM(text)                                                                                  \
    do {                                                                                                            \
        register const mcugen_word *x __asm__("r0") = *activations;                                                 \
        register const mcugen_word *w __asm__("r1") = *weights;                                                     \
        register int32_t first00 __asm__("r2") = sums[0][0].first, both00 __asm__("r3") = sums[0][0].both;          \
        register int32_t first01 __asm__("r4") = sums[0][1].first, both01 __asm__("r5") = sums[0][1].both;          \
        register int32_t first10 __asm__("r6") = sums[1][0].first, both10 __asm__("r7") = sums[1][0].both;          \
        register int32_t first11 __asm__("r8") = sums[1][1].first, both11 __asm__("r9") = sums[1][1].both;          \
        register uint32_t x0 __asm__("r10") = (uint32_t)end;                                                        \
        register uint32_t x1 __asm__("r11"), w0 __asm__("r12"), w1 __asm__("lr");                                   \
        __asm__ volatile(text                                                                                       \
                         : [x] "+r"(x), [w] "+r"(w), [first00] "+r"(first00), [both00] "+r"(both00),                \
                           [first01] "+r"(first01), [both01] "+r"(both01), [first10] "+r"(first10),                 \
                           [both10] "+r"(both10), [first11] "+r"(first11), [both11] "+r"(both11), [x0] "+&r"(x0),   \
                           [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1)                                           \
                         :                                                                                          \
                         : "cc", "memory");                                                                         \
        *activations = x;                                                                                           \
        *weights = w;                                                                                               \
        sums[0][0] = (struct mcugen_dsp_pair){first00, both00};                                                     \
        sums[0][1] = (struct mcugen_dsp_pair){first01, both01};                                                     \
        sums[1][0] = (struct mcugen_dsp_pair){first10, both10};                                                     \
        sums[1][1] = (struct mcugen_dsp_pair){first11, both11};                                                     \
    } while (0)
#define MCUGEN_DSP_PAIRED_ONCE(steps, bytes)               \
    MCUGEN_DSP_PAIRED_ASM(steps                           \
                          "add %[x], %[x], #" bytes "\n\t" \
                          "add %[w], %[w], #" bytes "\n\t")
/* No register is left for the end of the turns: it goes through `x0` to the stack. */
#define MCUGEN_DSP_PAIRED_LOOP(steps, bytes)              \
    MCUGEN_DSP_PAIRED_ASM("str %[x0], [sp, #-8]!\n"       \
                          "1:\n\t"                        \
                          steps                           \
                          "ldr %[x0], [sp]\n\t"           \
                          "add %[x], %[x], #" bytes "\n\t" \
                          "add %[w], %[w], #" bytes "\n\t" \
                          "cmp %[x], %[x0]\n\t"           \
                          "bne 1b\n\t"                    \
                          "add sp, sp, #8\n\t")
/* `number` steps, which the constant `turn` asks for. */
#define MCUGEN_DSP_PAIRED_CASE(number, steps, bytes)      \
    if (turn == (number) && once) {                       \
        MCUGEN_DSP_PAIRED_ONCE(steps, bytes);             \
    } else if (turn == (number)) {                        \
        MCUGEN_DSP_PAIRED_LOOP(steps, bytes);             \
    }
#endif

/* Steps of a turn of the loop: such that none are left over where that is possible. `quads` is a constant. */
MCUGEN_KERNEL int32_t mcugen_dsp_paired_turn(int32_t quads)
{
    if (quads <= 7) {
        return quads;
    }
    if (quads % 4 == 0) {
        return 4;
    }
    return quads % 5 == 0 ? 5 : quads % 7 == 0 ? 7 : quads % 6 == 0 ? 6 : quads % 3 == 0 ? 3 : 4;
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

/* Turns of `turn` steps (1 to 7) until the activations end; `once`: that is one turn. Both are constants. The loop is part
 * of the assembly: around it, GCC would move registers. */
MCUGEN_KERNEL void mcugen_dsp_paired_turns(const mcugen_word **activations, const mcugen_word *end,
                                           const mcugen_word **weights, int pairs, int32_t turn, int32_t once,
                                           struct mcugen_dsp_pair sums[][MCUGEN_DSP_PAIRED_COLUMNS])
{
    if (*activations == end) {
        return;
    }
#if MCUGEN_DSP_ALL_REGISTERS
    if (pairs == MCUGEN_DSP_PAIRS) {
        MCUGEN_DSP_PAIRED_CASE(1, MCUGEN_DSP_PAIRED_QUAD0, "16")
        MCUGEN_DSP_PAIRED_CASE(2, MCUGEN_DSP_PAIRED_2, "32")
        MCUGEN_DSP_PAIRED_CASE(3, MCUGEN_DSP_PAIRED_3, "48")
        MCUGEN_DSP_PAIRED_CASE(4, MCUGEN_DSP_PAIRED_4, "64")
        MCUGEN_DSP_PAIRED_CASE(5, MCUGEN_DSP_PAIRED_5, "80")
        MCUGEN_DSP_PAIRED_CASE(6, MCUGEN_DSP_PAIRED_6, "96")
        MCUGEN_DSP_PAIRED_CASE(7, MCUGEN_DSP_PAIRED_7, "112")
        return;
    }
#endif
    (void)turn;
    (void)once;
    do {
        mcugen_dsp_paired_step(activations, weights, pairs, sums);
    } while (*activations != end);
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
    const int32_t turn = mcugen_dsp_paired_turn(quads), rest = quads % turn;
    mcugen_dsp_paired_turns(&activations, activations + 4 * (quads - rest), &stream, pairs, turn, quads == turn, sums);
    mcugen_dsp_paired_turns(&activations, activations + 4 * rest, &stream, pairs, rest, 1, sums);
    return mcugen_dsp_paired_finish(stream, output, output_stride, 2, channels, sums, out);
}

/* All output channels of two interleaved columns. */
MCUGEN_KERNEL void mcugen_dsp_paired_gemm(const mcugen_word *activations, int32_t quads, const mcugen_word *stream,
                                          int8_t *output, int32_t output_c, const struct mcugen_dsp_output *out)
{
    const int8_t *blocks_end = output + (output_c & ~3);
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
        if (rows % 2 != 0 && left == 1) {
            mcugen_dsp_paired_keep(columns, quads);
            output -= output_c;
        } else {
            mcugen_dsp_widen(columns, input, depth, 2, 2);
            input += depth;
        }
        mcugen_dsp_widen(columns + 1, input, depth, 2, 2);
        input += depth;
        mcugen_dsp_paired_gemm(columns, quads, weights, output, output_c, out);
        output += 2 * output_c;
    }
}

#endif
