/* Parameters of softmax and of normalizations, for other libraries too. */
#ifndef MCUGEN_NORMALIZATION_PARAMS_H
#define MCUGEN_NORMALIZATION_PARAMS_H

#include "mcugen_kernels.h"

/* diff_min: elements that far below the largest count as zero. */
struct mcugen_softmax_params {
    int32_t rows, row_elements;
    int32_t multiplier, left_shift, diff_min;
    int32_t share_bits;
};

struct mcugen_softmax_table_params {
    int32_t rows, row_elements;
    int32_t most_below;
    int32_t share_bits;
};

/* slope: a step of the input in output steps; unit: log(2) in output steps, in two words; both with 20 fractional bits. */
struct mcugen_log_softmax_params {
    int32_t rows, row_elements;
    int32_t most_below;
    int32_t slope, unit_high, unit_low;
    int32_t output_zero_point;
};

/* Axes of the input, padded at the front, and the mask's elements from one to the next along each (0: repeated). */
struct mcugen_masked_softmax_params {
    int32_t shape[6], mask_step[6];
    int32_t most_below;
    int32_t share_bits;
    int32_t included;
};

/* A row is `groups` times `repeat` elements; elements of a group share a factor and an offset. `periods` rows have factors
 * of their own. epsilon and least are 64-bit numbers in two words. The input is int8 or int16. */
struct mcugen_normalize_params {
    int32_t rows, periods, groups, repeat;
    int32_t zero_point, input_bytes;
    int32_t centered;
    int32_t epsilon_high, epsilon_low, least_high, least_low;
    int32_t shift;
};

#endif
