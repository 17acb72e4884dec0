/* Sums of elements of 1 or 2 bytes, in lanes. */
#ifndef MCUGEN_MVE_ELEMENTWISE_ADD_H
#define MCUGEN_MVE_ELEMENTWISE_ADD_H

#include "mve/elementwise/lanes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* An input on the common scale: an input whose scale is the larger one has the multiplier 1/2 and is shifted exactly. */
MCUGEN_KERNEL int32x4_t mcugen_mve_add_term(int32x4_t x, int32_t zero_point, int32_t left_shift, int32_t multiplier,
                                            int32_t shift)
{
    if (multiplier == 1 << 30 && shift == 0 && left_shift > 0) {
        return vmlasq_n_s32(x, vdupq_n_s32(1 << (left_shift - 1)), -zero_point * (1 << (left_shift - 1)));
    }
    x = vmlasq_n_s32(x, vdupq_n_s32(1 << left_shift), -zero_point * (1 << left_shift));
    return mcugen_mve_scale(x, multiplier, shift);
}

/* Up to four elements. */
MCUGEN_KERNEL void mcugen_mve_add_lanes(const struct mcugen_add_params *params, int32_t bytes, const int8_t *input0,
                                        const int8_t *input1, int8_t *output, int32_t lanes, int partly,
                                        const struct mcugen_mve_output *out)
{
    const int32x4_t x0 = mcugen_mve_wide_elements(input0, bytes, params->step0[5], lanes, partly);
    const int32x4_t x1 = mcugen_mve_wide_elements(input1, bytes, params->step1[5], lanes, partly);
    const int32x4_t term0 = mcugen_mve_add_term(x0, params->input0_zero_point, params->left_shift,
                                                params->input0_multiplier, params->input0_shift);
    const int32x4_t term1 = mcugen_mve_add_term(x1, params->input1_zero_point, params->left_shift,
                                                params->input1_multiplier, params->input1_shift);
    const int32x4_t sum = mcugen_mve_requantize_n(vaddq_s32(term0, term1), params->output_multiplier,
                                                  params->output_shift, out);
    mcugen_mve_wide_results(output, sum, bytes, lanes, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_add_row(const struct mcugen_add_params *params, int32_t bytes, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->output_shift > -1};
    MCUGEN_MVE_EACH_VECTOR(params->shape[5], bytes, params->step0[5], params->step1[5], input0, input1, output,
                           mcugen_mve_add_lanes(params, bytes, input0, input1, output, lanes, partly, &out))
    return output;
}

#endif
