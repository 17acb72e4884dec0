/* Weights times columns, two columns in one word.
 *
 * A column is a run of inputs; the words of a pair of columns have two fields of `bits` bits (instructions.h), so that
 * one SMLAL with a weight is two multiply-accumulates. Four columns are worked on at once, two words in turn, and two output
 * channels: four sums of 64 bits, two inputs, a weight and two pointers take thirteen registers, and a step of eight
 * multiply-accumulates seven instructions.
 *
 * The weight stream holds for each two output channels (the last one may be alone)
 *   start[channels]       the bias, zero point folded in, times 256, plus the exponent less one
 *   lower[channels]       with 24 bits: where sums of the lower field start, for 23 this is the bias as well
 *   multiplier[channels]
 *   weights               a byte of each channel in turn, for each input; inputs up to a multiple of four have weight 0.
 */
#ifndef MCUGEN_ARMV7M_GEMM_H
#define MCUGEN_ARMV7M_GEMM_H

#include "armv7m/instructions.h"

enum { MCUGEN_ARMV7M_COLUMNS = 4, MCUGEN_ARMV7M_CHANNELS = 2 };

typedef uint64_t mcugen_armv7m_sums[MCUGEN_ARMV7M_COLUMNS / 2][MCUGEN_ARMV7M_CHANNELS];

/* Inputs of a column with those that have no weight. */
MCUGEN_KERNEL int32_t mcugen_armv7m_padded(int32_t depth)
{
    return (depth + 3) & ~3;
}

/* One input of `pairs` pairs of columns and `channels` channels. */
MCUGEN_KERNEL void mcugen_armv7m_step(const mcugen_armv7m_word **columns, const int8_t **weights, int pairs,
                                      int channels, mcugen_armv7m_sums sums)
{
#pragma GCC unroll 2
    for (int c = 0; c < channels; c++) {
        const int32_t weight = *(*weights)++;
#pragma GCC unroll 2
        for (int p = 0; p < pairs; p++) {
            mcugen_multiply_fields(&sums[p][c], (*columns)[p], weight);
        }
    }
    *columns += pairs;
}

#if MCUGEN_ARMV7M_ALL_REGISTERS
#define MCUGEN_ARMV7M_STEP                                      \
    "ldrd %[x0], %[x1], [%[x]], #8\n\t"                         \
    "ldrsb %[weight], [%[w]], #1\n\t"                           \
    "smlal %Q[sum00], %R[sum00], %[x0], %[weight]\n\t"          \
    "smlal %Q[sum10], %R[sum10], %[x1], %[weight]\n\t"          \
    "ldrsb %[weight], [%[w]], #1\n\t"                           \
    "smlal %Q[sum01], %R[sum01], %[x0], %[weight]\n\t"          \
    "smlal %Q[sum11], %R[sum11], %[x1], %[weight]\n\t"
/* The same with one pair of columns. */
#define MCUGEN_ARMV7M_PAIR_STEP                                 \
    "ldr %[x0], [%[x]], #4\n\t"                                 \
    "ldrsb %[weight], [%[w]], #1\n\t"                           \
    "smlal %Q[sum00], %R[sum00], %[x0], %[weight]\n\t"          \
    "ldrsb %[weight], [%[w]], #1\n\t"                           \
    "smlal %Q[sum01], %R[sum01], %[x0], %[weight]\n\t"
#define MCUGEN_ARMV7M_STEPS_4(step) step step step step
#if defined(__OPTIMIZE_SIZE__)
#define MCUGEN_ARMV7M_STEPS_8(step) MCUGEN_ARMV7M_STEPS_4(step)
#else
#define MCUGEN_ARMV7M_STEPS_8(step) MCUGEN_ARMV7M_STEPS_4(step) MCUGEN_ARMV7M_STEPS_4(step)
#endif
#define MCUGEN_ARMV7M_PAIR                                                                                     \
    [sum00] "+r"(sums[0][0]), [sum01] "+r"(sums[0][1]), [x0] "=&r"(x0)
#define MCUGEN_ARMV7M_TWO_PAIRS                                                                                \
    MCUGEN_ARMV7M_PAIR, [sum10] "+r"(sums[1][0]), [sum11] "+r"(sums[1][1]), [x1] "=&r"(x1)
#define MCUGEN_ARMV7M_LOOP(steps, operands)                                                                    \
    __asm__ volatile("1:\n\t"                                                                                  \
                     steps                                                                                     \
                     "ldr %[weight], %[end]\n\t"                                                               \
                     "cmp %[x], %[weight]\n\t"                                                                 \
                     "bne 1b\n\t"                                                                              \
                     : [x] "+r"(x), [w] "+r"(*weights), [weight] "=&r"(weight), operands                       \
                     : [end] "m"(end)                                                                          \
                     : "cc", "memory")
#endif

/* All inputs (a multiple of four) of `pairs` pairs of columns and `channels` channels. */
MCUGEN_KERNEL void mcugen_armv7m_product(const mcugen_armv7m_word *columns, int32_t inputs, const int8_t **weights,
                                         int pairs, int channels, mcugen_armv7m_sums sums)
{
    const mcugen_armv7m_word *x = columns, *const end = columns + pairs * inputs;
#if MCUGEN_ARMV7M_ALL_REGISTERS
    uint32_t x0, x1;
    int32_t weight;
    if (pairs == 2 && channels == 2) {
        if (inputs % 8 == 0) {
            MCUGEN_ARMV7M_LOOP(MCUGEN_ARMV7M_STEPS_8(MCUGEN_ARMV7M_STEP), MCUGEN_ARMV7M_TWO_PAIRS);
        } else {
            MCUGEN_ARMV7M_LOOP(MCUGEN_ARMV7M_STEPS_4(MCUGEN_ARMV7M_STEP), MCUGEN_ARMV7M_TWO_PAIRS);
        }
        return;
    }
    if (channels == 2) {
        if (inputs % 8 == 0) {
            MCUGEN_ARMV7M_LOOP(MCUGEN_ARMV7M_STEPS_8(MCUGEN_ARMV7M_PAIR_STEP), MCUGEN_ARMV7M_PAIR);
        } else {
            MCUGEN_ARMV7M_LOOP(MCUGEN_ARMV7M_STEPS_4(MCUGEN_ARMV7M_PAIR_STEP), MCUGEN_ARMV7M_PAIR);
        }
        return;
    }
#endif
    while (x != end) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            mcugen_armv7m_step(&x, weights, pairs, channels, sums);
        }
    }
}

/* `channels` (1 or 2) output channels of `columns` (1 to 4) columns, all constants; returns the stream's next block. */
MCUGEN_KERNEL const uint32_t *mcugen_armv7m_block(const mcugen_armv7m_word *words, int32_t inputs,
                                                  const uint32_t *stream, int8_t *output, int32_t output_step,
                                                  int columns, int channels, int bits,
                                                  const struct mcugen_armv7m_output *out)
{
    mcugen_armv7m_sums sums;
    const int pairs = (columns + 1) / 2;
    const uint32_t *const multipliers = stream + (bits == 24 ? 2 : 1) * channels;
#pragma GCC unroll 2
    for (int c = 0; c < channels; c++) {
        const int32_t high = (int32_t)stream[c] >> 8, low = bits == 24 ? (int32_t)multipliers[c - channels] : high;
        const uint64_t start = mcugen_start_fields(low, high, bits);
#pragma GCC unroll 2
        for (int p = 0; p < pairs; p++) {
            sums[p][c] = start;
        }
    }
    const int8_t *weights = (const int8_t *)(multipliers + channels);
    mcugen_armv7m_product(words, inputs, &weights, pairs, channels, sums);
#pragma GCC unroll 2
    for (int c = 0; c < channels; c++) {
        const struct mcugen_armv7m_scale scale = mcugen_armv7m_scale((int32_t)multipliers[c], stream[c], out);
#pragma GCC unroll 2
        for (int p = 0; p < pairs; p++) {
            int32_t sum[2];
            mcugen_split_fields(sums[p][c], &sum[0], &sum[1], bits);
            output[2 * p * output_step + c] = mcugen_armv7m_finish(sum[0], &scale, out);
            if (2 * p + 1 < columns) {
                output[(2 * p + 1) * output_step + c] = mcugen_armv7m_finish(sum[1], &scale, out);
            }
        }
    }
    return (const uint32_t *)(const void *)weights;
}

/* All output channels of `columns` (1 to 4, a constant) columns. */
MCUGEN_KERNEL void mcugen_armv7m_gemm(const mcugen_armv7m_word *words, int32_t depth, const uint32_t *stream,
                                      int8_t *output, int32_t output_c, int columns, int bits,
                                      const struct mcugen_armv7m_output *out)
{
    const int32_t inputs = mcugen_armv7m_padded(depth);
    const int8_t *const end = output + output_c / 2 * 2;
    while (output != end) {
        stream = mcugen_armv7m_block(words, inputs, stream, output, output_c, columns, 2, bits, out);
        output += 2;
    }
    if (output_c % 2 != 0) {
        (void)mcugen_armv7m_block(words, inputs, stream, output, output_c, columns, 1, bits, out);
    }
}

/* Makes one word of each pair out of a byte of each column. */
MCUGEN_KERNEL void mcugen_armv7m_pack_one(mcugen_armv7m_word *words, const int8_t *bytes, int32_t step, int columns,
                                          int bits)
{
    words[0] = mcugen_two_fields(bytes[0], bytes[columns > 1 ? step : 0], bits);
    if (columns > 2) {
        words[1] = mcugen_two_fields(bytes[2 * step], bytes[columns > 3 ? 3 * step : 2 * step], bits);
    }
}

/* The words of `count` bytes of `columns` (1 to 4, a constant) columns, `step` bytes apart. A pair without its second column
 * has the first one twice. Returns the words' end. */
MCUGEN_KERNEL mcugen_armv7m_word *mcugen_armv7m_pack(mcugen_armv7m_word *words, const int8_t *bytes, int32_t step,
                                                     int32_t count, int columns, int bits)
{
    const int pairs = (columns + 1) / 2;
    for (const int8_t *const end = bytes + (count & ~3); bytes != end; bytes += 4) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            mcugen_armv7m_pack_one(words + i * pairs, bytes + i, step, columns, bits);
        }
        words += 4 * pairs;
    }
    for (int32_t i = 0; i < (count & 3); i++) {
        mcugen_armv7m_pack_one(words, bytes++, step, columns, bits);
        words += pairs;
    }
    return words;
}

/* `count` runs of `depth` bytes, `step` bytes apart, each giving `output_c` bytes of output; four are read, then written.
 * Scratch: 8 * (depth, up to a multiple of four) bytes. Returns the output's end. */
MCUGEN_KERNEL int8_t *mcugen_armv7m_columns(const int8_t *input, int32_t step, int32_t count, int32_t depth,
                                            const uint32_t *weights, int8_t *output, int32_t output_c,
                                            mcugen_armv7m_word *words, int bits,
                                            const struct mcugen_armv7m_output *out)
{
    const int rest = (int)(count % MCUGEN_ARMV7M_COLUMNS);
    for (int32_t left = count / MCUGEN_ARMV7M_COLUMNS; left > 0; left--) {
        (void)mcugen_armv7m_pack(words, input, step, depth, MCUGEN_ARMV7M_COLUMNS, bits);
        mcugen_armv7m_gemm(words, depth, weights, output, output_c, MCUGEN_ARMV7M_COLUMNS, bits, out);
        input += MCUGEN_ARMV7M_COLUMNS * step;
        output += MCUGEN_ARMV7M_COLUMNS * output_c;
    }
    if (rest != 0) {
        (void)mcugen_armv7m_pack(words, input, step, depth, rest, bits);
        mcugen_armv7m_gemm(words, depth, weights, output, output_c, rest, bits, out);
        output += rest * output_c;
    }
    return output;
}

#endif
