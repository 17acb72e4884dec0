/* int8 weights times columns of int16, and the way out of the accumulator.
 *
 * Zero points are 0. Accumulators have 32 bits where the packer has proven that no input leaves them
 * (mcugen/kernels/portable/weighted_s16.py), else 64.
 */
#ifndef MCUGEN_PORTABLE_MATRIX_S16_H
#define MCUGEN_PORTABLE_MATRIX_S16_H

#include "mcugen_requantize.h"

/* How an accumulator becomes an output; see mcugen_finish_s16. */
enum {
    MCUGEN_TWO_ROUNDINGS = 0,      /* as mcugen_requantize, in few instructions */
    MCUGEN_TWO_ROUNDINGS_WIDE = 1, /* the same for every multiplier and shift */
    MCUGEN_ONE_ROUNDING = 2,       /* a multiplier of 16 bits, rounded once */
    MCUGEN_ONE_ROUNDING_WIDE = 3,  /* the same for every multiplier and shift */
    MCUGEN_SUMS_OF_64_BITS = 4     /* the same of accumulators of 64 bits */
};

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

/* Saturates to int16: one instruction from Armv7-M on. */
MCUGEN_KERNEL int32_t mcugen_saturate16(int32_t value)
{
#if defined(__ARM_FEATURE_SAT)
    int32_t saturated;
    __asm__("ssat %0, #16, %1" : "=r"(saturated) : "r"(value));
    return saturated;
#else
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
#endif
}

/* To int16 within the clamp. */
MCUGEN_KERNEL int16_t mcugen_limit_s16(int32_t value, int32_t lowest, int32_t highest)
{
    value = mcugen_saturate16(value);
    if (lowest > INT16_MIN) {
        value = value < lowest ? lowest : value;
    }
    if (highest < INT16_MAX) {
        value = value > highest ? highest : value;
    }
    return (int16_t)value;
}

/* As mcugen_requantize_fast, to int16 with the zero point 0. */
MCUGEN_KERNEL int32_t mcugen_round_twice(int32_t x, int32_t multiplier, int32_t exponent, int32_t lowest)
{
    const uint32_t half = UINT32_C(1) << (exponent - 1);
    const uint32_t tie = lowest < 0 ? (uint32_t)(x >> 31) : 0u;
    return mcugen_scale_and_add(x, multiplier, half + tie) >> exponent;
}

/* (x * multiplier + 2**(shift - 1)) >> shift for `multiplier` = 2**16 times 15 bits and shift = 16 + exponent: the low half
 * of the product has nothing that rounding needs. */
MCUGEN_KERNEL int32_t mcugen_round_once(int32_t x, int32_t multiplier, int32_t exponent)
{
    const int32_t high = (int32_t)(((int64_t)x * multiplier) >> 32);
    return (high + (1 << (exponent - 1))) >> exponent;
}

/* The same of an accumulator of 64 bits, below 2**47, a multiplier of 15 bits and any shift; saturated to 32 bits. */
MCUGEN_KERNEL int32_t mcugen_round_once_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    const int64_t value = (x * multiplier + (INT64_C(1) << (shift - 1))) >> shift;
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* sum: of 32 bits but in the last form; see the enumeration. */
MCUGEN_KERNEL int16_t mcugen_finish_s16(const struct mcugen_matrix_s16 *m, int32_t channel, int64_t sum)
{
    const int32_t multiplier = m->multiplier[channel], shift = m->shift[channel];
    int32_t value;
    if (m->form == MCUGEN_TWO_ROUNDINGS) {
        value = mcugen_round_twice((int32_t)sum, multiplier, shift, m->clamp_min);
    } else if (m->form == MCUGEN_TWO_ROUNDINGS_WIDE) {
        value = mcugen_requantize((int32_t)sum, multiplier, shift);
    } else if (m->form == MCUGEN_ONE_ROUNDING) {
        value = mcugen_round_once((int32_t)sum, multiplier, shift);
    } else {
        value = mcugen_round_once_wide(sum, multiplier, shift);
    }
    return mcugen_limit_s16(value, m->clamp_min, m->clamp_max);
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
