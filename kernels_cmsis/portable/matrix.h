/* Weights times columns: what convolution and fully connected are made of.
 *
 * A column is a run of `depth` input bytes; the weights are rows of `depth` bytes, one for each output channel, in the
 * model's own order. The input zero point is folded into the bias. Two columns and four channels at a time: every
 * loaded number is used more than once, and eight sums, two inputs, a weight and three pointers just fit the registers.
 * Thumb-1 (Cortex-M0, M0+) has eight registers for arithmetic: one column and two channels there.
 */
#ifndef MCUGEN_PORTABLE_MATRIX_H
#define MCUGEN_PORTABLE_MATRIX_H

#include "mcugen_requantize.h"

#ifndef MCUGEN_FEW_REGISTERS
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
#define MCUGEN_FEW_REGISTERS 1
#else
#define MCUGEN_FEW_REGISTERS 0
#endif
#endif

/* One layer, or one group of it. */
struct mcugen_matrix {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t depth, channels;
    int32_t zero_point, clamp_min, clamp_max;
    int32_t general; /* 1: shifts of any sign; 0: all negative */
};

MCUGEN_KERNEL int8_t mcugen_finish(const struct mcugen_matrix *m, int32_t channel, uint32_t sum)
{
    if (m->general) {
        const int32_t value = mcugen_requantize((int32_t)sum, m->multiplier[channel], m->shift[channel]);
        return mcugen_to_int8(value, m->zero_point, m->clamp_min, m->clamp_max);
    }
    /* Halved at least once: adding the zero point cannot overflow. */
    int32_t value = mcugen_requantize_down((int32_t)sum, m->multiplier[channel], m->shift[channel]) + m->zero_point;
    value = value < m->clamp_min ? m->clamp_min : value;
    return (int8_t)(value > m->clamp_max ? m->clamp_max : value);
}

/* Sums are modulo 2**32: the total fits 32 bits, but with the zero point folded in a sum on the way may not. */
MCUGEN_KERNEL uint32_t mcugen_product(int32_t weight, int32_t x)
{
    return (uint32_t)(weight * x);
}

/* One column, one channel. */
MCUGEN_KERNEL int8_t mcugen_dot(const struct mcugen_matrix *m, const int8_t *column, int32_t channel)
{
    const int8_t *weights = m->weights + channel * m->depth;
    uint32_t sum = (uint32_t)m->bias[channel];
#pragma GCC unroll 2
    for (int32_t i = 0; i < m->depth; i++) {
        sum += mcugen_product(weights[i], column[i]);
    }
    return mcugen_finish(m, channel, sum);
}

/* One column, two channels. */
MCUGEN_KERNEL void mcugen_dot_1x2(const struct mcugen_matrix *m, const int8_t *column, int32_t channel, int8_t *output)
{
    const int8_t *weights0 = m->weights + channel * m->depth, *weights1 = weights0 + m->depth;
    uint32_t sum0 = (uint32_t)m->bias[channel], sum1 = (uint32_t)m->bias[channel + 1];
#pragma GCC unroll 2
    for (int32_t i = 0; i < m->depth; i++) {
        const int32_t x = column[i];
        sum0 += mcugen_product(weights0[i], x);
        sum1 += mcugen_product(weights1[i], x);
    }
    output[channel] = mcugen_finish(m, channel, sum0);
    output[channel + 1] = mcugen_finish(m, channel + 1, sum1);
}

/* One column, four channels. */
MCUGEN_KERNEL void mcugen_dot_1x4(const struct mcugen_matrix *m, const int8_t *column, int32_t channel, int8_t *output)
{
    const int32_t depth = m->depth;
    const int8_t *weights = m->weights + channel * depth;
    uint32_t sum0 = (uint32_t)m->bias[channel], sum1 = (uint32_t)m->bias[channel + 1];
    uint32_t sum2 = (uint32_t)m->bias[channel + 2], sum3 = (uint32_t)m->bias[channel + 3];
#pragma GCC unroll 2
    for (int32_t i = 0; i < depth; i++) {
        const int32_t x = column[i];
        sum0 += mcugen_product(weights[i], x);
        sum1 += mcugen_product(weights[depth + i], x);
        sum2 += mcugen_product(weights[2 * depth + i], x);
        sum3 += mcugen_product(weights[3 * depth + i], x);
    }
    output[channel] = mcugen_finish(m, channel, sum0);
    output[channel + 1] = mcugen_finish(m, channel + 1, sum1);
    output[channel + 2] = mcugen_finish(m, channel + 2, sum2);
    output[channel + 3] = mcugen_finish(m, channel + 3, sum3);
}

/* Two columns `step` bytes apart, four channels; their outputs are `output_step` bytes apart. */
MCUGEN_KERNEL void mcugen_dot_2x4(const struct mcugen_matrix *m, const int8_t *columns, int32_t step, int32_t channel,
                                  int8_t *output, int32_t output_step)
{
    const int32_t depth = m->depth;
    const int8_t *weights = m->weights + channel * depth;
    uint32_t a0 = (uint32_t)m->bias[channel], a1 = (uint32_t)m->bias[channel + 1];
    uint32_t a2 = (uint32_t)m->bias[channel + 2], a3 = (uint32_t)m->bias[channel + 3];
    uint32_t b0 = a0, b1 = a1, b2 = a2, b3 = a3;
#pragma GCC unroll 2
    for (int32_t i = 0; i < depth; i++) {
        const int32_t x = columns[i], y = columns[step + i];
        int32_t w = weights[i];
        a0 += mcugen_product(w, x);
        b0 += mcugen_product(w, y);
        w = weights[depth + i];
        a1 += mcugen_product(w, x);
        b1 += mcugen_product(w, y);
        w = weights[2 * depth + i];
        a2 += mcugen_product(w, x);
        b2 += mcugen_product(w, y);
        w = weights[3 * depth + i];
        a3 += mcugen_product(w, x);
        b3 += mcugen_product(w, y);
    }
    int8_t *first = output + channel, *second = first + output_step;
    first[0] = mcugen_finish(m, channel, a0);
    second[0] = mcugen_finish(m, channel, b0);
    first[1] = mcugen_finish(m, channel + 1, a1);
    second[1] = mcugen_finish(m, channel + 1, b1);
    first[2] = mcugen_finish(m, channel + 2, a2);
    second[2] = mcugen_finish(m, channel + 2, b2);
    first[3] = mcugen_finish(m, channel + 3, a3);
    second[3] = mcugen_finish(m, channel + 3, b3);
}

/* All channels of one column. */
MCUGEN_KERNEL void mcugen_one_column(const struct mcugen_matrix *m, const int8_t *column, int8_t *output)
{
    const int32_t at_once = MCUGEN_FEW_REGISTERS ? 2 : 4;
    /* With the number of blocks a constant, the compiler sees that no channels are left over. */
    const int32_t blocks_end = m->channels - m->channels % at_once;
    for (int32_t channel = 0; channel < blocks_end; channel += at_once) {
        if (MCUGEN_FEW_REGISTERS) {
            mcugen_dot_1x2(m, column, channel, output);
        } else {
            mcugen_dot_1x4(m, column, channel, output);
        }
    }
    for (int32_t channel = blocks_end; channel < m->channels; channel++) {
        output[channel] = mcugen_dot(m, column, channel);
    }
}

/* All channels of two columns. Every channel of the first is read before its outputs are complete, so outputs must not
 * reach into the columns. */
MCUGEN_KERNEL void mcugen_two_columns(const struct mcugen_matrix *m, const int8_t *columns, int32_t step,
                                      int8_t *output, int32_t output_step)
{
    if (MCUGEN_FEW_REGISTERS) {
        for (int32_t i = 0; i < 2; i++) {
            mcugen_one_column(m, columns, output);
            columns += step;
            output += output_step;
        }
        return;
    }
    const int32_t blocks_end = m->channels - m->channels % 4;
    for (int32_t channel = 0; channel < blocks_end; channel += 4) {
        mcugen_dot_2x4(m, columns, step, channel, output, output_step);
    }
    for (int32_t channel = blocks_end; channel < m->channels; channel++) {
        output[channel] = mcugen_dot(m, columns, channel);
        output[output_step + channel] = mcugen_dot(m, columns + step, channel);
    }
}

/* Columns `step` bytes apart; returns the end of their outputs. Outputs of two columns are complete before the next two
 * are read. */
MCUGEN_KERNEL int8_t *mcugen_columns(const struct mcugen_matrix *m, const int8_t *column, int32_t step, int32_t count,
                                     int8_t *output)
{
    for (int32_t left = count; left >= 2; left -= 2) {
        mcugen_two_columns(m, column, step, output, m->channels);
        column += 2 * step;
        output += 2 * m->channels;
    }
    if (count % 2 != 0) {
        mcugen_one_column(m, column, output);
        output += m->channels;
    }
    return output;
}

#endif
