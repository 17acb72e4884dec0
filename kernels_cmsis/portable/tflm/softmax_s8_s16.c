/* Softmax of int8 with shares of 16 bits: the arithmetic of portable/normalization/softmax_s8.c, with the exponentials of all
 * differences in a table. */
#include "portable/normalization/softmax.h"

/* most_below: the largest difference from a row's maximum that counts. */
struct mcugen_tflm_softmax_params {
    int32_t rows, row_elements;
    int32_t most_below;
};

MCUGEN_KERNEL void mcugen_tflm_softmax_row(const struct mcugen_tflm_softmax_params *params, const int8_t *input,
                                           const int32_t *exponentials, int16_t *output)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < params->row_elements; i++) {
        if (largest - input[i] <= params->most_below) {
            sum += mcugen_rounding_shift_right(exponentials[largest - input[i]], MCUGEN_SOFTMAX_BITS);
        }
    }
    int32_t exponent;
    const int32_t reciprocal = mcugen_softmax_reciprocal(sum, 16, &exponent);
    for (int32_t i = 0; i < params->row_elements; i++) {
        int32_t value = INT16_MIN;
        if (largest - input[i] <= params->most_below) {
            const int32_t share = mcugen_doubling_high_multiply(reciprocal, exponentials[largest - input[i]]);
            value += mcugen_rounding_shift_right(share, exponent);
        }
        output[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
    }
}

MCUGEN_KERNEL void mcugen_tflm_softmax_s8_s16(const struct mcugen_tflm_softmax_params *params, const int8_t *input,
                                              const int32_t *exponentials, int16_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_tflm_softmax_row(params, input, exponentials, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
