/* Weights times columns: what convolution and fully connected are made of.
 *
 * A column is a run of `depth` input bytes; the weights are rows of `depth` weights, one for each output channel, in the
 * model's own order: bytes, or int4, of which two share a byte, the first in its low half. The input zero point is folded into the bias. Two columns and four channels at a time: every
 * loaded number is used more than once, and eight sums, two inputs, a weight and three pointers just fit the registers.
 * Small cores take one column and two channels.
 */
#ifndef MCUGEN_PORTABLE_MATRIX_H
#define MCUGEN_PORTABLE_MATRIX_H

#include "mcugen_requantize.h"

/* One layer, or one group of it. */
struct mcugen_matrix {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t depth, channels;
    int32_t weight_bits; /* 8 or 4 */
    int32_t zero_point, clamp_min, clamp_max;
    int32_t general; /* 1: multipliers and shifts as in LiteRT; 0: as mcugen_requantize_fast takes them */
};

MCUGEN_KERNEL int32_t mcugen_row_bytes(const struct mcugen_matrix *m, int32_t weights)
{
    return m->weight_bits == 8 ? weights : (weights + 1) / 2;
}

/* Where weight `i` of a row is; `i` is even. */
MCUGEN_KERNEL const int8_t *mcugen_weights_at(const struct mcugen_matrix *m, const int8_t *row, int32_t i)
{
    return row + (m->weight_bits == 8 ? i : i / 2);
}

/* Weight `i` (a constant) of those at `weights`. */
MCUGEN_KERNEL int32_t mcugen_weight(const struct mcugen_matrix *m, const int8_t *weights, int32_t i)
{
    if (m->weight_bits == 8) {
        return weights[i];
    }
    const int32_t both = weights[i / 2];
    return i % 2 != 0 ? both >> 4 : (int32_t)((uint32_t)both << 28) >> 28;
}

MCUGEN_KERNEL int8_t mcugen_finish(const struct mcugen_matrix *m, int32_t channel, uint32_t sum)
{
    const int32_t multiplier = m->multiplier[channel], shift = m->shift[channel];
    if (m->general) {
        const int32_t value = mcugen_requantize((int32_t)sum, multiplier, shift);
        return mcugen_to_int8(value, m->zero_point, m->clamp_min, m->clamp_max);
    }
    return mcugen_requantize_fast((int32_t)sum, multiplier, shift, m->zero_point, m->clamp_min, m->clamp_max);
}

/* Sums are modulo 2**32: the total fits 32 bits, but with the zero point folded in a sum on the way may not.
 * The empty statement keeps the compiler from adding products first, which takes more registers than there are. */
MCUGEN_KERNEL void mcugen_multiply_add(uint32_t *sum, int32_t weight, int32_t x)
{
    *sum += (uint32_t)(weight * x);
    __asm__("" : "+r"(*sum));
}

/* The same, and (volatile) in the order as written: loads stay near their use. */
MCUGEN_KERNEL void mcugen_multiply_add_in_order(uint32_t *sum, int32_t weight, int32_t x)
{
    *sum += (uint32_t)(weight * x);
    __asm__ volatile("" : "+r"(*sum));
}

/* One column, one channel. */
MCUGEN_KERNEL int8_t mcugen_dot(const struct mcugen_matrix *m, const int8_t *column, int32_t channel)
{
    const int8_t *weights = m->weights + channel * mcugen_row_bytes(m, m->depth);
    uint32_t sum = (uint32_t)m->bias[channel];
    if (m->weight_bits == 8) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < m->depth; i++) {
            mcugen_multiply_add(&sum, weights[i], column[i]);
        }
        return mcugen_finish(m, channel, sum);
    }
    int32_t i = 0;
    for (; i + 2 <= m->depth; i += 2) {
        mcugen_multiply_add(&sum, mcugen_weight(m, mcugen_weights_at(m, weights, i), 0), column[i]);
        mcugen_multiply_add(&sum, mcugen_weight(m, mcugen_weights_at(m, weights, i), 1), column[i + 1]);
    }
    if (i < m->depth) {
        mcugen_multiply_add(&sum, mcugen_weight(m, mcugen_weights_at(m, weights, i), 0), column[i]);
    }
    return mcugen_finish(m, channel, sum);
}

/* Input `i` (a constant) of one column, two channels. */
MCUGEN_KERNEL void mcugen_step_1x2(const struct mcugen_matrix *m, const int8_t *column, const int8_t *weights, int32_t i,
                                   uint32_t sums[2])
{
    const int32_t x = column[i];
    mcugen_multiply_add(&sums[0], mcugen_weight(m, weights, i), x);
    mcugen_multiply_add(&sums[1], mcugen_weight(m, weights + mcugen_row_bytes(m, m->depth), i), x);
}

/* One column, two channels. */
MCUGEN_KERNEL void mcugen_dot_1x2(const struct mcugen_matrix *m, const int8_t *column, int32_t channel, int8_t *output)
{
    const int8_t *weights = m->weights + channel * mcugen_row_bytes(m, m->depth);
    uint32_t sums[2] = {(uint32_t)m->bias[channel], (uint32_t)m->bias[channel + 1]};
    const int32_t at_once = m->weight_bits == 8 ? 1 : 2;
    int32_t i = 0;
    for (; i + at_once <= m->depth; i += at_once) {
        mcugen_step_1x2(m, column + i, mcugen_weights_at(m, weights, i), 0, sums);
        if (at_once == 2) {
            mcugen_step_1x2(m, column + i, mcugen_weights_at(m, weights, i), 1, sums);
        }
    }
    if (i < m->depth) {
        mcugen_step_1x2(m, column + i, mcugen_weights_at(m, weights, i), 0, sums);
    }
    output[channel] = mcugen_finish(m, channel, sums[0]);
    output[channel + 1] = mcugen_finish(m, channel + 1, sums[1]);
}

/* Input `i` (a constant) of one column, four channels. */
MCUGEN_KERNEL void mcugen_step_1x4(const struct mcugen_matrix *m, const int8_t *column, const int8_t *weights, int32_t i,
                                   uint32_t sums[4])
{
    const int32_t x = column[i], row = mcugen_row_bytes(m, m->depth);
    mcugen_multiply_add_in_order(&sums[0], mcugen_weight(m, weights, i), x);
    mcugen_multiply_add_in_order(&sums[1], mcugen_weight(m, weights + row, i), x);
    mcugen_multiply_add_in_order(&sums[2], mcugen_weight(m, weights + 2 * row, i), x);
    mcugen_multiply_add_in_order(&sums[3], mcugen_weight(m, weights + 3 * row, i), x);
}

/* One column, four channels. */
MCUGEN_KERNEL void mcugen_dot_1x4(const struct mcugen_matrix *m, const int8_t *column, int32_t channel, int8_t *output)
{
    const int32_t depth = m->depth;
    const int8_t *weights = m->weights + channel * mcugen_row_bytes(m, depth);
    uint32_t sums[4] = {(uint32_t)m->bias[channel], (uint32_t)m->bias[channel + 1], (uint32_t)m->bias[channel + 2],
                        (uint32_t)m->bias[channel + 3]};
    int32_t i = 0;
    for (; i + 4 <= depth; i += 4) {
        const int8_t *const four = mcugen_weights_at(m, weights, i);
        mcugen_step_1x4(m, column + i, four, 0, sums);
        mcugen_step_1x4(m, column + i, four, 1, sums);
        mcugen_step_1x4(m, column + i, four, 2, sums);
        mcugen_step_1x4(m, column + i, four, 3, sums);
    }
    if (m->weight_bits == 4 && depth % 4 >= 2) {
        mcugen_step_1x4(m, column + i, mcugen_weights_at(m, weights, i), 0, sums);
        mcugen_step_1x4(m, column + i, mcugen_weights_at(m, weights, i), 1, sums);
        i += 2;
    }
    for (; i < depth; i++) {
        mcugen_step_1x4(m, column + i, mcugen_weights_at(m, weights, i), 0, sums);
    }
#pragma GCC unroll 4
    for (int32_t k = 0; k < 4; k++) {
        output[channel + k] = mcugen_finish(m, channel + k, sums[k]);
    }
}

/* Input `i` (a constant) of two columns `step` bytes apart, four channels; sums of the first column are the even ones. */
MCUGEN_KERNEL void mcugen_step_2x4(const struct mcugen_matrix *m, const int8_t *columns, int32_t step,
                                   const int8_t *weights, int32_t i, uint32_t sums[8])
{
    const int32_t x = columns[i], y = columns[step + i], row = mcugen_row_bytes(m, m->depth);
    int32_t w = mcugen_weight(m, weights, i);
    mcugen_multiply_add_in_order(&sums[0], w, x);
    mcugen_multiply_add_in_order(&sums[1], w, y);
    w = mcugen_weight(m, weights + row, i);
    mcugen_multiply_add_in_order(&sums[2], w, x);
    mcugen_multiply_add_in_order(&sums[3], w, y);
    w = mcugen_weight(m, weights + 2 * row, i);
    mcugen_multiply_add_in_order(&sums[4], w, x);
    mcugen_multiply_add_in_order(&sums[5], w, y);
    w = mcugen_weight(m, weights + 3 * row, i);
    mcugen_multiply_add_in_order(&sums[6], w, x);
    mcugen_multiply_add_in_order(&sums[7], w, y);
}

/* Two columns, four channels; the columns' outputs are `output_step` bytes apart. */
MCUGEN_KERNEL void mcugen_dot_2x4(const struct mcugen_matrix *m, const int8_t *columns, int32_t step, int32_t channel,
                                  int8_t *output, int32_t output_step)
{
    const int32_t depth = m->depth;
    const int8_t *weights = m->weights + channel * mcugen_row_bytes(m, depth);
    uint32_t sums[8];
    int32_t i = 0;
#pragma GCC unroll 4
    for (int32_t k = 0; k < 4; k++) {
        sums[2 * k] = (uint32_t)m->bias[channel + k];
        sums[2 * k + 1] = sums[2 * k];
    }
    for (; i + 4 <= depth; i += 4) {
        const int8_t *const four = mcugen_weights_at(m, weights, i);
        mcugen_step_2x4(m, columns + i, step, four, 0, sums);
        mcugen_step_2x4(m, columns + i, step, four, 1, sums);
        mcugen_step_2x4(m, columns + i, step, four, 2, sums);
        mcugen_step_2x4(m, columns + i, step, four, 3, sums);
    }
    if (m->weight_bits == 4 && depth % 4 >= 2) {
        mcugen_step_2x4(m, columns + i, step, mcugen_weights_at(m, weights, i), 0, sums);
        mcugen_step_2x4(m, columns + i, step, mcugen_weights_at(m, weights, i), 1, sums);
        i += 2;
    }
    for (; i < depth; i++) {
        mcugen_step_2x4(m, columns + i, step, mcugen_weights_at(m, weights, i), 0, sums);
    }
#pragma GCC unroll 4
    for (int32_t k = 0; k < 4; k++) {
        output[channel + k] = mcugen_finish(m, channel + k, sums[2 * k]);
        output[output_step + channel + k] = mcugen_finish(m, channel + k, sums[2 * k + 1]);
    }
}

/* All channels of one column. */
MCUGEN_KERNEL void mcugen_one_column(const struct mcugen_matrix *m, const int8_t *column, int8_t *output)
{
    const int32_t at_once = MCUGEN_SMALL_CORE ? 2 : 4;
    /* With the number of blocks a constant, the compiler sees that no channels are left over. */
    const int32_t blocks_end = m->channels - m->channels % at_once;
    for (int32_t channel = 0; channel < blocks_end; channel += at_once) {
        if (MCUGEN_SMALL_CORE) {
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
    if (MCUGEN_SMALL_CORE) {
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
