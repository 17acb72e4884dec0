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

#include "dsp/gemm.h"

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

#if MCUGEN_DSP_ALL_REGISTERS && defined(__OPTIMIZE_SIZE__)
#include "dsp/paired_small.h"
#elif MCUGEN_DSP_ALL_REGISTERS
#include "dsp/paired_blocks.h"
#endif

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

/* All output channels of two interleaved columns. */
MCUGEN_KERNEL void mcugen_dsp_paired_gemm(const mcugen_word *activations, int32_t quads, const mcugen_word *stream,
                                          int8_t *output, int32_t output_c, const struct mcugen_dsp_output *out)
{
    int8_t *blocks_end = output + (output_c & ~3);
#if MCUGEN_DSP_ALL_REGISTERS
    if (output != blocks_end && mcugen_dsp_paired_in_assembly(quads, output_c, out)) {
        stream = mcugen_dsp_paired_blocks(activations, quads, stream, output, blocks_end, output_c, out);
        output = blocks_end;
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
