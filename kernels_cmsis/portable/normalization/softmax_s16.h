/* A row of softmax of int16, the bits of TFLM: exponentials and the reciprocal of their sum by interpolation.
 *
 * A row's exponentials lie in its outputs until they are scaled; each is written after its input has been read, so the
 * output may be the input. */
#ifndef MCUGEN_PORTABLE_SOFTMAX_S16_H
#define MCUGEN_PORTABLE_SOFTMAX_S16_H

#include "mcugen_requantize_s16.h"
#include "portable/interpolation.h"

/* multiplier, shift: from differences of inputs to steps of 10 / 65535. masked 0: every element takes part; else those
 * where the mask is `included`. */
struct mcugen_softmax_row_s16 {
    int32_t elements, multiplier, shift;
    int32_t masked, included, mask_step;
};

/* multiplier, shift: see struct mcugen_softmax_row_s16. */
struct mcugen_softmax_s16_params {
    int32_t rows, row_elements;
    int32_t multiplier, shift;
};

MCUGEN_KERNEL int32_t mcugen_takes_part_s16(const struct mcugen_softmax_row_s16 *row, const uint8_t *mask, int32_t i)
{
    return !row->masked || (mask[i * row->mask_step] != 0) == row->included;
}

/* INT16_MAX and a difference below 0 or 0 in steps of 10 / 65535: as mcugen_requantize has it, in fewer instructions, for
 * multipliers of 31 bits and shifts that take no difference out of 32. */
MCUGEN_KERNEL int32_t mcugen_wide_steps(const struct mcugen_softmax_row_s16 *row, int32_t difference)
{
    const int32_t shift = row->shift, doubled = (int32_t)((uint32_t)row->multiplier << 1);
    if (row->multiplier < 1 << 30 || shift > 15) {
        return mcugen_requantize(difference, row->multiplier, shift) + INT16_MAX;
    }
    return shift < 0 ? mcugen_round_twice(difference, doubled, -shift, INT16_MIN) + INT16_MAX
                     : mcugen_scale_and_add(difference * (1 << shift), doubled, INT16_MAX);
}

/* exp of a difference below 0 or 0, in Q0.15. */
MCUGEN_KERNEL int32_t mcugen_wide_exponential(const struct mcugen_softmax_row_s16 *row, int32_t difference,
                                              const struct mcugen_lines *exponentials)
{
    return mcugen_interpolate(mcugen_saturate16(mcugen_wide_steps(row, difference)), exponentials);
}

/* The exponentials of a row, and their sum in Q16.15; 0 for what takes no part. */
MCUGEN_KERNEL int32_t mcugen_wide_exponentials(const struct mcugen_softmax_row_s16 *row, const int16_t *input,
                                               const uint8_t *mask, const int16_t *exponentials, int16_t *output)
{
    const struct mcugen_lines lines = mcugen_lines(exponentials);
    int32_t largest = INT16_MIN, sum = 0;
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < row->elements; i++) {
        largest = input[i] > largest && mcugen_takes_part_s16(row, mask, i) ? input[i] : largest;
    }
    MCUGEN_UNROLL(2)
    for (int32_t i = 0; i < row->elements; i++) {
        int32_t value = 0;
        if (mcugen_takes_part_s16(row, mask, i)) {
            value = mcugen_wide_exponential(row, input[i] - largest, &lines);
        }
        output[i] = (int16_t)value;
        sum += value;
    }
    return sum;
}

/* 1 / sum; shares are exponentials times that, divided by 2**right. */
MCUGEN_KERNEL int32_t mcugen_wide_reciprocal(int32_t sum, const int16_t *reciprocals, int32_t *right)
{
    /* Normalised to [1, 2): the largest exponential is 2**15 - 1, so that the sum has 15 bits or more. */
    int32_t zeros = 1;
    if (!MCUGEN_SMALL_CORE) {
        zeros = __builtin_clz((uint32_t)sum);
    }
    while (MCUGEN_SMALL_CORE && ((uint32_t)sum << zeros & UINT32_C(0x80000000)) == 0u) {
        zeros++;
    }
    const int32_t normalised = (int32_t)((((uint32_t)sum << (zeros - 1)) + (1u << 13)) >> 14);
    const int32_t centred = normalised - (3 << 15);
    *right = 31 - zeros;
    const struct mcugen_lines lines = mcugen_lines(reciprocals);
    return mcugen_interpolate(centred > INT16_MAX ? INT16_MAX : centred, &lines);
}

/* From exponentials, whose sum is not 0, to their shares. */
MCUGEN_KERNEL void mcugen_wide_shares(int32_t elements, int32_t sum, const int16_t *reciprocals, int16_t *output)
{
    int32_t right;
    const int32_t reciprocal = mcugen_wide_reciprocal(sum, reciprocals, &right);
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < elements; i++) {
        output[i] = (int16_t)mcugen_saturate16((output[i] * reciprocal + (1 << (right - 1))) >> right);
    }
}

MCUGEN_KERNEL void mcugen_softmax_row_s16(const struct mcugen_softmax_row_s16 *row, const int16_t *input,
                                          const uint8_t *mask, const int16_t *exponentials, const int16_t *reciprocals,
                                          int16_t *output)
{
    const int32_t sum = mcugen_wide_exponentials(row, input, mask, exponentials, output);
    if (sum == 0) {
        return; /* nothing takes part, and all outputs are 0 */
    }
    mcugen_wide_shares(row->elements, sum, reciprocals, output);
}

#endif
