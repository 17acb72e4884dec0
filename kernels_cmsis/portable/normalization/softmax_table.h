/* A row of softmax with the exponentials of all differences in a table: the bits of softmax_s8.c. */
#ifndef MCUGEN_PORTABLE_SOFTMAX_TABLE_H
#define MCUGEN_PORTABLE_SOFTMAX_TABLE_H

#include "softmax.h"

/* Elements that far (255 ... 0) below the largest, and those that a mask leaves out, are zero. */
struct mcugen_softmax_row {
    int32_t elements;
    int32_t most_below;
    int32_t share_bits;
    int32_t masked, included; /* masked 0: everything takes part; else where the mask is `included` */
    int32_t mask_step;
};

MCUGEN_KERNEL int32_t mcugen_takes_part(const struct mcugen_softmax_row *row, const uint8_t *mask, int32_t i)
{
    return !row->masked || (mask[i * row->mask_step] != 0) == row->included;
}

/* exponentials: of the differences 0, -1 ... -255 to the largest, in Q0.31. */
MCUGEN_KERNEL void mcugen_softmax_table_row(const struct mcugen_softmax_row *row, const int8_t *input,
                                            const uint8_t *mask, const int32_t *exponentials, int8_t *output)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < row->elements; i++) {
        largest = input[i] > largest && mcugen_takes_part(row, mask, i) ? input[i] : largest;
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < row->elements; i++) {
        if (largest - input[i] <= row->most_below && mcugen_takes_part(row, mask, i)) {
            sum += mcugen_rounding_shift_right(exponentials[largest - input[i]], MCUGEN_SOFTMAX_BITS);
        }
    }
    if (sum == 0) {
        memset(output, INT8_MIN, (size_t)row->elements);
        return;
    }
    int32_t exponent;
    const int32_t reciprocal = mcugen_softmax_reciprocal(sum, row->share_bits, &exponent);
    for (int32_t i = 0; i < row->elements; i++) {
        int32_t value = INT8_MIN;
        if (largest - input[i] <= row->most_below && mcugen_takes_part(row, mask, i)) {
            value = mcugen_softmax_share(reciprocal, exponentials[largest - input[i]], exponent);
        }
        output[i] = (int8_t)value;
    }
}

#endif
