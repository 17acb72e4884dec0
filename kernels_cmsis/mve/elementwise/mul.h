/* Products of elements of 1 or 2 bytes, in lanes. */
#ifndef MCUGEN_MVE_ELEMENTWISE_MUL_H
#define MCUGEN_MVE_ELEMENTWISE_MUL_H

#include "mve/elementwise/lanes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* Up to four elements. */
MCUGEN_KERNEL void mcugen_mve_mul_lanes(const struct mcugen_mul_params *params, int32_t bytes, const int8_t *input0,
                                        const int8_t *input1, int8_t *output, int32_t lanes, int partly,
                                        const struct mcugen_mve_output *out)
{
    const int32x4_t x0 = mcugen_mve_wide_elements(input0, bytes, params->step0[5], lanes, partly);
    const int32x4_t x1 = mcugen_mve_wide_elements(input1, bytes, params->step1[5], lanes, partly);
    const int32x4_t product = bytes == 2 ? vmulq_s32(x0, x1)
                                         : vmulq_s32(vaddq_n_s32(x0, -params->input0_zero_point),
                                                     vaddq_n_s32(x1, -params->input1_zero_point));
    mcugen_mve_wide_results(output, mcugen_mve_requantize_n(product, params->multiplier, params->shift, out), bytes,
                            lanes, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_mul_row(const struct mcugen_mul_params *params, int32_t bytes, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->shift > -1};
    MCUGEN_MVE_EACH_VECTOR(params->shape[5], bytes, params->step0[5], params->step1[5], input0, input1, output,
                           mcugen_mve_mul_lanes(params, bytes, input0, input1, output, lanes, partly, &out))
    return output;
}

#endif
