/* The logarithm of softmax over rows of int16; the arithmetic is that of mcugen/graph/ops/normalization/log_softmax.py. The
 * output may be the input. */
#include "exponential.h"
#include "logarithm.h"

enum { MCUGEN_LOG_SUM_BITS = 12 };

/* multiplier, left_shift: from differences to exponents in Q5.26. diff_min: elements that far below the largest count as
 * zero. slope, unit: as in struct mcugen_log_softmax_params, each in two words. */
struct mcugen_log_softmax_s16_params {
    int32_t rows, row_elements;
    int32_t multiplier, left_shift, diff_min;
    int32_t slope_high, slope_low, unit_high, unit_low;
};

MCUGEN_KERNEL void mcugen_log_softmax_row_s16(const struct mcugen_log_softmax_s16_params *params, const int16_t *input,
                                              int16_t *output)
{
    const int64_t slope = (int64_t)((uint64_t)(uint32_t)params->slope_high << 32 | (uint32_t)params->slope_low);
    int32_t largest = INT16_MIN, sum = 0;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    for (int32_t i = 0; i < params->row_elements; i++) {
        const int32_t difference = input[i] - largest;
        if (difference >= params->diff_min) {
            const int32_t exponent =
                mcugen_doubling_high_multiply(difference * (1 << params->left_shift), params->multiplier);
            sum += mcugen_rounding_shift_right(mcugen_exp_on_negative(exponent), MCUGEN_LOG_SUM_BITS);
        }
    }
    const int64_t start = mcugen_log_start(sum, params->unit_high, params->unit_low);
    for (int32_t i = 0; i < params->row_elements; i++) {
        const int64_t value = ((input[i] - largest) * slope + start) >> 20;
        output[i] = (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
    }
}

MCUGEN_KERNEL void mcugen_log_softmax_s16(const struct mcugen_log_softmax_s16_params *params, const int16_t *input,
                                          int16_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_log_softmax_row_s16(params, input, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
