/* The logarithm of softmax over rows; the arithmetic is that of mcugen/graph/ops/tflm/log_softmax.py. The output may be
 * the input. */
#include "portable/tflm/fixed_point.h"

/* most_below: the largest difference that counts; multiplier, shift: from Q5.26 back to input steps. */
struct mcugen_tflm_log_softmax_params {
    int32_t rows, row_elements;
    int32_t most_below;
    int32_t multiplier, shift;
};

/* exponentials, differences: by how far an element is below the largest, in Q0.31 and Q5.26. */
MCUGEN_KERNEL void mcugen_tflm_log_softmax_row(const struct mcugen_tflm_log_softmax_params *params,
                                               const int8_t *input, const int32_t *exponentials,
                                               const int32_t *differences, int8_t *output)
{
    int32_t largest = INT8_MIN, sum = 0;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    for (int32_t i = 0; i < params->row_elements; i++) {
        if (largest - input[i] <= params->most_below) {
            sum += mcugen_rounding_shift_right(exponentials[largest - input[i]], MCUGEN_SOFTMAX_BITS);
        }
    }
    const int32_t logarithm = mcugen_logarithm(sum);
    int32_t least = mcugen_requantize(logarithm + INT32_MIN, params->multiplier, params->shift);
    least = least > -params->most_below - 1 ? least : -params->most_below - 1;
    for (int32_t i = 0; i < params->row_elements; i++) {
        const int32_t below = largest - input[i];
        int32_t value = INT8_MIN;
        if (-below > least) {
            value = mcugen_rounding_shift_right(differences[below] - logarithm, 22) + INT8_MAX;
        }
        output[i] = mcugen_to_int8(value, 0, INT8_MIN, INT8_MAX);
    }
}

MCUGEN_KERNEL void mcugen_tflm_log_softmax_s8(const struct mcugen_tflm_log_softmax_params *params, const int8_t *input,
                                              const int32_t *exponentials, const int32_t *differences, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_tflm_log_softmax_row(params, input, exponentials, differences, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
