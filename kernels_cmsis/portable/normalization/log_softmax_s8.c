/* The logarithm of softmax over rows; the arithmetic is that of mcugen/graph/ops/normalization/log_softmax.py.
 * The output may be the input. */
#include "logarithm.h"
#include "params.h"
#include "softmax.h"

MCUGEN_KERNEL void mcugen_log_softmax_row(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                          const int32_t *exponentials, int8_t *output)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < params->row_elements; i++) {
        if (largest - input[i] <= params->most_below) {
            sum += mcugen_rounding_shift_right(exponentials[largest - input[i]], MCUGEN_SOFTMAX_BITS);
        }
    }
    const int64_t start = mcugen_log_softmax_start(params, sum);
    for (int32_t i = 0; i < params->row_elements; i++) {
        int64_t value = ((int64_t)(input[i] - largest) * params->slope + start) >> 20;
        value += params->output_zero_point;
        output[i] = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
    }
}

MCUGEN_KERNEL void mcugen_log_softmax_s8(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                         const int32_t *exponentials, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_log_softmax_row(params, input, exponentials, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
