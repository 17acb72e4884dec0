/* Softmax over rows of int16 in lanes: the bits of portable/normalization/softmax_s16.c. The output may be the input. */
#include "mve/elementwise/interpolation.h"
#include "mve/requantize.h"
#include "portable/normalization/softmax_s16.h"

/* Exponentials of up to four elements, in Q0.15. */
MCUGEN_KERNEL int32x4_t mcugen_mve_wide_exponentials(const struct mcugen_softmax_s16_params *params, int32x4_t x,
                                                     int32_t largest, const int16_t *exponentials)
{
    const struct mcugen_mve_output out = {INT16_MAX, INT16_MIN, INT16_MAX, params->shift > -1};
    const int32x4_t difference = vaddq_n_s32(x, -largest);
    return mcugen_mve_interpolate(mcugen_mve_requantize_n(difference, params->multiplier, params->shift, &out),
                                  exponentials);
}

MCUGEN_KERNEL int32x4_t mcugen_mve_wide_shares(int32x4_t exponentials, int32_t reciprocal, int32_t right)
{
    return vminq_s32(vrshlq_n_s32(vmulq_n_s32(exponentials, reciprocal), -right), vdupq_n_s32(INT16_MAX));
}

MCUGEN_KERNEL void mcugen_mve_softmax_row_s16(const struct mcugen_softmax_s16_params *params, const int16_t *input,
                                              const int16_t *exponentials, const int16_t *reciprocals,
                                              int16_t *output)
{
    const int32_t elements = params->row_elements, rest = elements % 4, whole = elements - rest;
    const mve_pred16_t tail = vctp32q((uint32_t)rest);
    int32_t largest = INT16_MIN, sum = 0;
    for (int32_t i = 0; i < elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    for (int32_t i = 0; i < whole; i += 4) {
        const int32x4_t terms = mcugen_mve_wide_exponentials(params, vldrhq_s32(input + i), largest, exponentials);
        vstrhq_s32(output + i, terms);
        sum = vaddvaq_s32(sum, terms);
    }
    if (rest != 0) {
        const int32x4_t x = vldrhq_z_s32(input + whole, tail);
        const int32x4_t terms = mcugen_mve_wide_exponentials(params, vminq_s32(x, vdupq_n_s32(largest)), largest,
                                                             exponentials);
        vstrhq_p_s32(output + whole, terms, tail);
        sum = vaddvaq_p_s32(sum, terms, tail);
    }
    int32_t right;
    const int32_t reciprocal = mcugen_wide_reciprocal(sum, reciprocals, &right);
    for (int32_t i = 0; i < whole; i += 4) {
        vstrhq_s32(output + i, mcugen_mve_wide_shares(vldrhq_s32(output + i), reciprocal, right));
    }
    if (rest != 0) {
        const int32x4_t terms = vldrhq_z_s32(output + whole, tail);
        vstrhq_p_s32(output + whole, mcugen_mve_wide_shares(terms, reciprocal, right), tail);
    }
}

MCUGEN_KERNEL void mcugen_mve_softmax_s16(const struct mcugen_softmax_s16_params *params, const int16_t *input,
                                          const int16_t *exponentials, const int16_t *reciprocals, int16_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_mve_softmax_row_s16(params, input, exponentials, reciprocals, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
