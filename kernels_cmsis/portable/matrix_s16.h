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

/* One product, in the order as written (volatile): loads stay near their use, and the compiler keeps within its registers. */
MCUGEN_KERNEL void mcugen_add_product_s16(int32_t *sum, int32_t weight, int32_t x)
{
    *sum += weight * x;
    __asm__ volatile("" : "+r"(*sum));
}

/* Two columns `step` elements apart, four channels, accumulators of 32 bits; sums of the first column are the even ones. */
MCUGEN_KERNEL void mcugen_dot_2x4_s16(const struct mcugen_matrix_s16 *m, const int16_t *columns, int32_t step,
                                      int32_t channel, int16_t *output)
{
    const int32_t depth = m->depth;
    const int8_t *weights = m->weights + channel * depth;
    int32_t sums[8];
#pragma GCC unroll 4
    for (int32_t k = 0; k < 4; k++) {
        sums[2 * k] = m->bias[channel + k];
        sums[2 * k + 1] = sums[2 * k];
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < depth; i++) {
        const int32_t x = columns[i], y = columns[i + step];
#pragma GCC unroll 4
        for (int32_t k = 0; k < 4; k++) {
            const int32_t weight = weights[k * depth + i];
            mcugen_add_product_s16(&sums[2 * k], weight, x);
            mcugen_add_product_s16(&sums[2 * k + 1], weight, y);
        }
    }
#pragma GCC unroll 4
    for (int32_t k = 0; k < 4; k++) {
        output[channel + k] = mcugen_finish_s16(m, channel + k, sums[2 * k]);
        output[m->channels + channel + k] = mcugen_finish_s16(m, channel + k, sums[2 * k + 1]);
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

/* All channels of two columns, whose outputs lie one behind the other. Every channel of the first is read before its outputs
 * are complete, so outputs must not reach into the columns. */
MCUGEN_KERNEL void mcugen_two_columns_s16(const struct mcugen_matrix_s16 *m, const int16_t *columns, int32_t step,
                                          int16_t *output)
{
    const int in_blocks = !MCUGEN_SMALL_CORE && m->form != MCUGEN_SUMS_OF_64_BITS;
    const int32_t blocks_end = in_blocks ? m->channels - m->channels % 4 : 0;
    if (!in_blocks) {
        mcugen_one_column_s16(m, columns, output);
        mcugen_one_column_s16(m, columns + step, output + m->channels);
        return;
    }
    for (int32_t channel = 0; channel < blocks_end; channel += 4) {
        mcugen_dot_2x4_s16(m, columns, step, channel, output);
    }
    for (int32_t channel = blocks_end; channel < m->channels; channel++) {
        output[channel] = mcugen_dot_s16(m, columns, channel);
        output[m->channels + channel] = mcugen_dot_s16(m, columns + step, channel);
    }
}

#endif
