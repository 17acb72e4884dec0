/* The matrix product behind convolution and fully connected: a few columns of widened activations times all weights.
 *
 * Activations are widened once to int16 in the order of SXTB16 and SXTB16 with ROR #8: four bytes (b0 b1 b2 b3) become
 * the words (b0, b2), (b1, b3). The columns of a block are interleaved, four inputs of each in turn. Weights stay int8 in flash and are widened in the same order in registers.
 *
 * Output channels come in blocks: of 2 for 2 or 3 columns, of 4 for a single column. The weight stream holds for each
 *   bias[block], then for each four inputs one word of weights a channel, multiplier[block], shifts,
 * with one shift a byte of the last word; the channels that are left over follow in the same form as a smaller block.
 * The input zero point is folded into the bias, borders are filled with it, and inputs beyond the depth have weight 0.
 */
#ifndef MCUGEN_DSP_GEMM_H
#define MCUGEN_DSP_GEMM_H

#include "dsp/requantize.h"

/* Most columns and channels of a block; quads of inputs for each turn of the inner loop. */
enum { MCUGEN_DSP_COLUMNS = 3, MCUGEN_DSP_CHANNELS = 4, MCUGEN_DSP_UNROLL = 4 };

/* Widens `depth` bytes to the first of `block` interleaved columns: two words in turn from each, the second one `odd`
 * words behind the first. */
MCUGEN_KERNEL void mcugen_dsp_widen(mcugen_word *column, const int8_t *bytes, int32_t depth, int32_t block, int32_t odd)
{
    MCUGEN_UNROLL(8)
    for (int32_t quads = depth / 4; quads > 0; quads--) {
        uint32_t word = mcugen_load_word(bytes);
        column[0] = mcugen_sxtb16(word);
        column[odd] = mcugen_sxtb16_odd(word);
        column += 2 * block;
        bytes += 4;
    }
    if (depth % 4 != 0) {
        uint32_t word = 0;
        memcpy(&word, bytes, (size_t)(depth % 4));
        column[0] = mcugen_sxtb16(word);
        column[odd] = mcugen_sxtb16_odd(word);
    }
}

typedef int32_t mcugen_dsp_sums[MCUGEN_DSP_COLUMNS][MCUGEN_DSP_CHANNELS];

#if MCUGEN_DSP_ALL_REGISTERS
#define MCUGEN_DSP_COLUMN(sum0, sum1)                     \
    "ldrd %[x_even], %[x_odd], [%[x]], #8\n\t"            \
    "smlad " sum0 ", %[x_even], %[even0], " sum0 "\n\t"   \
    "smlad " sum1 ", %[x_even], %[even1], " sum1 "\n\t"   \
    "smlad " sum0 ", %[x_odd], %[odd0], " sum0 "\n\t"     \
    "smlad " sum1 ", %[x_odd], %[odd1], " sum1 "\n\t"

/* Four inputs of three columns and two channels. */
#define MCUGEN_DSP_STEP_3X2                      \
    "ldrd %[even0], %[even1], [%[w]], #8\n\t"    \
    "sxtb16 %[odd0], %[even0], ror #8\n\t"       \
    "sxtb16 %[odd1], %[even1], ror #8\n\t"       \
    "sxtb16 %[even0], %[even0]\n\t"              \
    "sxtb16 %[even1], %[even1]\n\t"              \
    MCUGEN_DSP_COLUMN("%[sum00]", "%[sum01]")    \
    MCUGEN_DSP_COLUMN("%[sum10]", "%[sum11]")    \
    MCUGEN_DSP_COLUMN("%[sum20]", "%[sum21]")

#define MCUGEN_DSP_STEPS_3X2(steps, input)                                                                        \
    __asm__ volatile(steps                                                                                       \
                     : [x] "+r"(*activations), [w] "+r"(*weights), [sum00] "+r"(sum[0][0]),                      \
                       [sum01] "+r"(sum[0][1]), [sum10] "+r"(sum[1][0]), [sum11] "+r"(sum[1][1]),                \
                       [sum20] "+r"(sum[2][0]), [sum21] "+r"(sum[2][1]), [even0] "=&r"(even0),                   \
                       [even1] "=&r"(even1), [odd0] "=&r"(odd0), [odd1] "=&r"(odd1), [x_even] "=&r"(x_even),     \
                       [x_odd] "=&r"(x_odd)                                                                      \
                     : input                                                                                     \
                     : "cc", "memory")
#endif

/* Four inputs of one column times the next `channels` words of weights; `x_even`, `x_odd` are the inputs as widened. */
MCUGEN_KERNEL void mcugen_dsp_dot_step(uint32_t x_even, uint32_t x_odd, const mcugen_word **weights, int channels,
                                       int32_t sum[MCUGEN_DSP_CHANNELS])
{
#pragma GCC unroll 2
    for (int c = 0; c + 1 < channels; c += 2) {
        uint32_t even0, odd0, even1, odd1;
        mcugen_next_pair(weights, &even0, &even1);
        mcugen_widen_bytes(&even0, &odd0);
        mcugen_widen_bytes(&even1, &odd1);
        mcugen_accumulate(x_even, even0, &sum[c]);
        mcugen_accumulate(x_even, even1, &sum[c + 1]);
        mcugen_accumulate(x_odd, odd0, &sum[c]);
        mcugen_accumulate(x_odd, odd1, &sum[c + 1]);
    }
    if (channels % 2 != 0) {
        uint32_t even = *(*weights)++, odd;
        mcugen_widen_bytes(&even, &odd);
        mcugen_accumulate(x_even, even, &sum[channels - 1]);
        mcugen_accumulate(x_odd, odd, &sum[channels - 1]);
    }
}

/* Four more inputs of every column and channel. */
MCUGEN_KERNEL void mcugen_dsp_gemm_step(const mcugen_word **activations, const mcugen_word **weights, int columns,
                                        int channels, mcugen_dsp_sums sum)
{
    uint32_t x_even, x_odd, even0, odd0, even1 = 0, odd1 = 0;
    if (columns == 1) {
        mcugen_next_pair(activations, &x_even, &x_odd);
        mcugen_dsp_dot_step(x_even, x_odd, weights, channels, sum[0]);
        return;
    }
    if (channels == 2) {
        mcugen_next_pair(weights, &even0, &even1);
        mcugen_widen_bytes(&even1, &odd1);
    } else {
        even0 = *(*weights)++;
    }
    mcugen_widen_bytes(&even0, &odd0);
#pragma GCC unroll 3
    for (int p = 0; p < columns; p++) {
        mcugen_next_pair(activations, &x_even, &x_odd);
        mcugen_accumulate(x_even, even0, &sum[p][0]);
        mcugen_accumulate(x_odd, odd0, &sum[p][0]);
        if (channels == 2) {
            mcugen_accumulate(x_even, even1, &sum[p][1]);
            mcugen_accumulate(x_odd, odd1, &sum[p][1]);
        }
    }
}

/* Turns of four steps until the activations end. The loop is part of the assembly: around it, GCC would move registers. */
MCUGEN_KERNEL void mcugen_dsp_gemm_turns(const mcugen_word **activations, const mcugen_word *end,
                                         const mcugen_word **weights, int columns, int channels, mcugen_dsp_sums sum)
{
    if (*activations == end) {
        return;
    }
#if MCUGEN_DSP_ALL_REGISTERS
    if (columns == 3 && channels == 2) {
        uint32_t x_even, x_odd, even0, odd0, even1, odd1;
        MCUGEN_DSP_STEPS_3X2("1:\n\t"
                             MCUGEN_DSP_STEP_3X2 MCUGEN_DSP_STEP_3X2 MCUGEN_DSP_STEP_3X2 MCUGEN_DSP_STEP_3X2
                             "ldr %[x_even], %[end]\n\t"
                             "cmp %[x], %[x_even]\n\t"
                             "bne 1b\n\t",
                             [end] "m"(end));
        return;
    }
#endif
    do {
        mcugen_dsp_gemm_step(activations, weights, columns, channels, sum);
        mcugen_dsp_gemm_step(activations, weights, columns, channels, sum);
        mcugen_dsp_gemm_step(activations, weights, columns, channels, sum);
        mcugen_dsp_gemm_step(activations, weights, columns, channels, sum);
    } while (*activations != end);
}

/* The 0 to 3 steps (a constant) after the turns. */
MCUGEN_KERNEL void mcugen_dsp_gemm_rest(const mcugen_word **activations, const mcugen_word **weights, int columns,
                                        int channels, int32_t steps, mcugen_dsp_sums sum)
{
#if MCUGEN_DSP_ALL_REGISTERS
    if (columns == 3 && channels == 2) {
        uint32_t x_even, x_odd, even0, odd0, even1, odd1;
        if (steps == 1) {
            MCUGEN_DSP_STEPS_3X2(MCUGEN_DSP_STEP_3X2, );
        } else if (steps == 2) {
            MCUGEN_DSP_STEPS_3X2(MCUGEN_DSP_STEP_3X2 MCUGEN_DSP_STEP_3X2, );
        } else if (steps == 3) {
            MCUGEN_DSP_STEPS_3X2(MCUGEN_DSP_STEP_3X2 MCUGEN_DSP_STEP_3X2 MCUGEN_DSP_STEP_3X2, );
        }
        return;
    }
#endif
    for (int32_t i = 0; i < steps; i++) {
        mcugen_dsp_gemm_step(activations, weights, columns, channels, sum);
    }
}

/* `channels` output channels of `columns` columns, both constants; returns the stream's next block. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_gemm_block(const mcugen_word *activations, int32_t quads,
                                                       const mcugen_word *stream, int8_t *output, int32_t output_stride,
                                                       int columns, int channels, const struct mcugen_dsp_output *out)
{
    mcugen_dsp_sums sum;
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
#pragma GCC unroll 3
        for (int p = 0; p < columns; p++) {
            sum[p][c] = (int32_t)stream[c];
        }
    }
    stream += channels;
    const mcugen_word *turns_end = activations + 2 * columns * (quads / MCUGEN_DSP_UNROLL * MCUGEN_DSP_UNROLL);
    mcugen_dsp_gemm_turns(&activations, turns_end, &stream, columns, channels, sum);
    mcugen_dsp_gemm_rest(&activations, &stream, columns, channels, quads % MCUGEN_DSP_UNROLL, sum);
    const uint32_t shifts = stream[channels];
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        const int32_t multiplier = (int32_t)stream[c];
        const uint32_t shift = shifts >> 8 * c & 0xffu;
#pragma GCC unroll 3
        for (int p = 0; p < columns; p++) {
            mcugen_dsp_put(output + (p * output_stride + c) * mcugen_dsp_output_bytes(out), sum[p][c], multiplier,
                           shift, out);
        }
    }
    return stream + channels + 1;
}

/* All output channels of `columns` (1..3, a constant) interleaved columns. */
MCUGEN_KERNEL void mcugen_dsp_gemm(const mcugen_word *activations, int32_t quads, const mcugen_word *stream,
                                   int8_t *output, int32_t output_c, int columns, const struct mcugen_dsp_output *out)
{
    const int block = columns == 1 ? 4 : 2;
    const int8_t *blocks_end = output + output_c / block * block * mcugen_dsp_output_bytes(out);
    while (output != blocks_end) {
        stream = mcugen_dsp_gemm_block(activations, quads, stream, output, output_c, columns, block, out);
        output += block * mcugen_dsp_output_bytes(out);
    }
    if (output_c % block != 0) {
        (void)mcugen_dsp_gemm_block(activations, quads, stream, output, output_c, columns, output_c % block, out);
    }
}

/* Moves the newest `kept` of `block` columns to the front. A last block with fewer fresh columns is filled up with the
 * ones before it, whose outputs come out the same again: their input may be overwritten by then. */
MCUGEN_KERNEL void mcugen_dsp_keep_columns(mcugen_word *columns, int32_t quads, int32_t block, int32_t kept)
{
    for (int32_t i = 0; i < quads; i++) {
        for (int32_t j = 0; j < 2 * kept; j++) {
            columns[j] = columns[2 * (block - kept) + j];
        }
        columns += 2 * block;
    }
}

/* Every row of `input` (depth bytes) gives a row of `output` (output_c bytes); three rows are read, then written. */
MCUGEN_KERNEL void mcugen_dsp_gemm_rows(const int8_t *input, int32_t rows, int32_t depth, const uint32_t *weights,
                                        int8_t *output, int32_t output_c, mcugen_word *columns,
                                        const struct mcugen_dsp_output *out)
{
    const int32_t quads = (depth + 3) / 4;
    const int32_t block = rows < MCUGEN_DSP_COLUMNS ? rows : MCUGEN_DSP_COLUMNS;
    for (int32_t done = 0; done < rows; done += block) {
        int32_t kept = 0;
        if (rows % block != 0 && rows - done < block) {
            kept = block - rows % block;
            mcugen_dsp_keep_columns(columns, quads, block, kept);
            done -= kept;
        }
        for (int32_t p = kept; p < block; p++) {
            mcugen_dsp_widen(columns + 2 * p, input, depth, block, 1);
            input += depth;
        }
        mcugen_dsp_gemm(columns, quads, weights, output + done * output_c, output_c, block, out);
    }
}

#endif
