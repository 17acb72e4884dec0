/* Softmax over rows, four exponentials at a time; the output may be the input. */
#include "mve/normalization/lanes.h"
#include "portable/normalization/params.h"

/* exp(x) in Q0.31 for x <= 0 in Q5.26: mcugen_exp_on_negative. */
MCUGEN_KERNEL int32x4_t mcugen_mve_exp_on_negative(int32x4_t x)
{
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = INT32_C(1) << 24, exp_minus_eighth = 1895147668, third = 715827883;
    const int32x4_t part = vaddq_n_s32(vandq_s32(x, vdupq_n_s32(quarter - 1)), -quarter);
    const int32x4_t remainder = vsubq_s32(part, x);
    const int32x4_t y = vaddq_n_s32(vshlq_n_s32(part, 5), INT32_C(1) << 28);
    const int32x4_t y2 = vqrdmulhq_s32(y, y), y3 = vqrdmulhq_s32(y2, y);
    /* y2 is eight times as large as |y3|: what is shifted is not negative, and ties go up. */
    const int32x4_t y4_over_4 = vrshrq_n_s32(vqrdmulhq_s32(y2, y2), 2);
    const int32x4_t cubic = vaddq_s32(vqrdmulhq_n_s32(vaddq_s32(y4_over_4, y3), third), y2);
    int32x4_t result = vqrdmulhq_n_s32(vaddq_s32(y, vrshrq_n_s32(cubic, 1)), exp_minus_eighth);
    result = vaddq_n_s32(result, exp_minus_eighth);
    /* All by arithmetic: GCC 12 fails on comparisons of lanes that it knows. */
#pragma GCC unroll 7
    for (int32_t i = 0; i < 7; i++) {
        const int32x4_t has = vshrq_n_s32(vshlq_r_s32(remainder, 7 - i), 31);
        result = vaddq_s32(result, vandq_s32(vsubq_s32(vqrdmulhq_n_s32(result, factors[i]), result), has));
    }
    const int32x4_t negative = vshrq_n_s32(x, 31);
    return vorrq_s32(vandq_s32(result, negative), vbicq_s32(vdupq_n_s32(INT32_MAX), negative));
}

/* Of up to four elements, exp(beta * scale * (x - largest)), 0 where that is too far below. */
MCUGEN_KERNEL int32x4_t mcugen_mve_softmax_exp(const struct mcugen_softmax_params *params, const int8_t *input,
                                               int32_t largest, int partly, mve_pred16_t active)
{
    const int32x4_t x = partly ? vldrbq_z_s32(input, active) : vldrbq_s32(input);
    const int32x4_t difference = vaddq_n_s32(x, -largest);
    const int32x4_t scaled = vqrdmulhq_n_s32(vshlq_r_s32(difference, params->left_shift), params->multiplier);
    const int32x4_t beyond = vshrq_n_s32(vaddq_n_s32(difference, -params->diff_min), 31);
    return vbicq_s32(mcugen_mve_exp_on_negative(scaled), beyond);
}

MCUGEN_KERNEL void mcugen_mve_softmax_row(const struct mcugen_softmax_params *params, const int8_t *input,
                                          int8_t *output)
{
    const int32_t largest = mcugen_mve_largest(input, params->row_elements);
    const int32_t rest = params->row_elements % 4, whole = params->row_elements - rest;
    const mve_pred16_t tail = vctp32q((uint32_t)rest);
    int32_t sum = 0, exponent; /* Q12.19 */
    for (int32_t i = 0; i < whole; i += 4) {
        const int32x4_t terms = mcugen_mve_softmax_exp(params, input + i, largest, 0, 0);
        sum = vaddvaq_s32(sum, vrshrq_n_s32(terms, MCUGEN_SOFTMAX_BITS));
    }
    if (rest != 0) {
        const int32x4_t terms = mcugen_mve_softmax_exp(params, input + whole, largest, 1, tail);
        sum = vaddvaq_p_s32(sum, vrshrq_n_s32(terms, MCUGEN_SOFTMAX_BITS), tail);
    }
    const int32_t reciprocal = mcugen_softmax_reciprocal(sum, params->share_bits, &exponent);
    if (exponent > 31) {
        /* So many elements share the maximum that each gets less than half a step. */
        memset(output, INT8_MIN, (size_t)params->row_elements);
        return;
    }
    for (int32_t i = 0; i < whole; i += 4) {
        const int32x4_t terms = mcugen_mve_softmax_exp(params, input + i, largest, 0, 0);
        vstrbq_s32(output + i, mcugen_mve_shares(terms, reciprocal, exponent));
    }
    if (rest != 0) {
        const int32x4_t terms = mcugen_mve_softmax_exp(params, input + whole, largest, 1, tail);
        vstrbq_p_s32(output + whole, mcugen_mve_shares(terms, reciprocal, exponent), tail);
    }
}

MCUGEN_KERNEL void mcugen_mve_softmax_s8(const struct mcugen_softmax_params *params, const int8_t *input,
                                         int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_mve_softmax_row(params, input, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
