/* Softmax over rows in gemmlowp's fixed point, the bits of TFLM and CMSIS-NN; output scale 2**-share_bits
 * (theirs is 1/256), zero point -128.
 *
 * Qm.n has m integer and n fractional bits beside the sign. An output element is written after its row has been summed
 * and its own input read, so the output may be the input.
 */
#include "params.h"
#include "softmax.h"

/* exp(x) in Q0.31 for x <= 0 in Q5.26. */
MCUGEN_SHARED int32_t mcugen_exp_on_negative(int32_t x)
{
    /* exp(-2**k) for k = -2 ... 4 */
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = INT32_C(1) << 24, exp_minus_eighth = 1895147668, third = 715827883;
    if (x == 0) {
        return INT32_MAX;
    }
    /* x = part in [-1/4, 0) minus a multiple of 1/4, whose bits select factors. */
    const int32_t part = (x & (quarter - 1)) - quarter;
    const int32_t remainder = part - x;
    /* Taylor series of the fourth degree around -1/8. */
    const int32_t y = part * 32 + (INT32_C(1) << 28);
    const int32_t y2 = mcugen_doubling_high_multiply(y, y);
    const int32_t y3 = mcugen_doubling_high_multiply(y2, y);
    const int32_t y4_over_4 = mcugen_rounding_shift_right(mcugen_doubling_high_multiply(y2, y2), 2);
    const int32_t cubic = mcugen_doubling_high_multiply(y4_over_4 + y3, third) + y2;
    int32_t result = mcugen_doubling_high_multiply(exp_minus_eighth, y + mcugen_rounding_shift_right(cubic, 1));
    result += exp_minus_eighth;
    for (int32_t i = 0; i < 7; i++) {
        if ((remainder & (quarter << i)) != 0) {
            result = mcugen_doubling_high_multiply(result, factors[i]);
        }
    }
    return result;
}

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
