/* Softmax over rows in gemmlowp's fixed point, the bits of TFLM and CMSIS-NN; output scale 2**-share_bits
 * (theirs is 1/256), zero point -128.
 *
 * Qm.n has m integer and n fractional bits beside the sign. An output element is written after its row has been summed
 * and its own input read, so the output may be the input.
 */
#include "exponential.h"
#include "params.h"
#include "softmax.h"

/* exp(beta * scale * difference) in Q0.31; difference in diff_min ... 0 */
MCUGEN_KERNEL int32_t mcugen_softmax_exp(const struct mcugen_softmax_params *params, int32_t difference)
{
    return mcugen_exp_on_negative(
        mcugen_doubling_high_multiply(difference * (1 << params->left_shift), params->multiplier));
}

MCUGEN_KERNEL void mcugen_softmax_row(const struct mcugen_softmax_params *params, const int8_t *input, int8_t *output)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < params->row_elements; i++) {
        if (input[i] - largest >= params->diff_min) {
            sum += mcugen_rounding_shift_right(mcugen_softmax_exp(params, input[i] - largest), MCUGEN_SOFTMAX_BITS);
        }
    }
    int32_t exponent;
    const int32_t reciprocal = mcugen_softmax_reciprocal(sum, params->share_bits, &exponent);
    for (int32_t i = 0; i < params->row_elements; i++) {
        int32_t value = INT8_MIN;
        if (input[i] - largest >= params->diff_min) {
            value = mcugen_softmax_share(reciprocal, mcugen_softmax_exp(params, input[i] - largest), exponent);
        }
        output[i] = (int8_t)value;
    }
}

MCUGEN_KERNEL void mcugen_softmax_s8(const struct mcugen_softmax_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_softmax_row(params, input, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
