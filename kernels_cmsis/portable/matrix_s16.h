/* int8 weights times columns of int16, and the way out of the accumulator.
 *
 * Zero points are 0. Accumulators have 32 bits where the packer has proven that no input leaves them
 * (mcugen/kernels/portable/weighted_s16.py), else 64.
 */
#ifndef MCUGEN_PORTABLE_MATRIX_S16_H
#define MCUGEN_PORTABLE_MATRIX_S16_H

#include "mcugen_requantize_s16.h"

/* One layer, or one group of it. bias: a number of 32 bits for each channel; with 64-bit accumulators two, the low one
 * first. */
struct mcugen_matrix_s16 {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t depth, channels;
    int32_t clamp_min, clamp_max;
    int32_t form;
};

MCUGEN_KERNEL int64_t mcugen_bias_64(const int32_t *bias, int32_t channel)
{
    return (int64_t)((uint64_t)(uint32_t)bias[2 * channel] | (uint64_t)(uint32_t)bias[2 * channel + 1] << 32);
}

/* sum: of 32 bits but in the last form; see the enumeration. */
MCUGEN_KERNEL int16_t mcugen_finish_s16(const struct mcugen_matrix_s16 *m, int32_t channel, int64_t sum)
{
    return mcugen_to_int16(sum, m->multiplier[channel], m->shift[channel], m->form, m->clamp_min, m->clamp_max);
}

/* One column, one channel. */
MCUGEN_KERNEL int16_t mcugen_dot_s16(const struct mcugen_matrix_s16 *m, const int16_t *column, int32_t channel)
{
    const int8_t *weights = m->weights + channel * m->depth;
    if (m->form == MCUGEN_SUMS_OF_64_BITS) {
        int64_t sum = mcugen_bias_64(m->bias, channel);
        for (int32_t i = 0; i < m->depth; i++) {
            sum += weights[i] * column[i];
        }
        return mcugen_finish_s16(m, channel, sum);
    }
    int32_t sum = m->bias[channel];
#pragma GCC unroll 4
    for (int32_t i = 0; i < m->depth; i++) {
        sum += weights[i] * column[i];
    }
    return mcugen_finish_s16(m, channel, sum);
}

/* One column, four channels, accumulators of 32 bits. */
MCUGEN_KERNEL void mcugen_dot_1x4_s16(const struct mcugen_matrix_s16 *m, const int16_t *column, int32_t channel,
                                      int16_t *output)
{
    const int32_t depth = m->depth;
    const int8_t *weights = m->weights + channel * depth;
    int32_t sums[4] = {m->bias[channel], m->bias[channel + 1], m->bias[channel + 2], m->bias[channel + 3]};
#pragma GCC unroll 2
    for (int32_t i = 0; i < depth; i++) {
        const int32_t x = column[i];
        sums[0] += weights[0] * x;
        sums[1] += weights[depth] * x;
        sums[2] += weights[2 * depth] * x;
        sums[3] += weights[3 * depth] * x;
        weights++;
    }
#pragma GCC unroll 4
    for (int32_t k = 0; k < 4; k++) {
        output[channel + k] = mcugen_finish_s16(m, channel + k, sums[k]);
    }
}

/* All channels of one column. */
MCUGEN_KERNEL void mcugen_one_column_s16(const struct mcugen_matrix_s16 *m, const int16_t *column, int16_t *output)
{
    const int32_t blocks_end = m->form == MCUGEN_SUMS_OF_64_BITS ? 0 : m->channels - m->channels % 4;
    for (int32_t channel = 0; channel < blocks_end; channel += 4) {
        mcugen_dot_1x4_s16(m, column, channel, output);
    }
    for (int32_t channel = blocks_end; channel < m->channels; channel++) {
        output[channel] = mcugen_dot_s16(m, column, channel);
    }
}

#endif
