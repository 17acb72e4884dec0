/* Parametric relu: mcugen_prelu_s8 of the portable library in lanes. Each lane takes the multiplier of its sign. */
#include "mve/elementwise/lanes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* `otherwise` where `negative` is 0, `then` where it is -1. */
MCUGEN_KERNEL int32x4_t mcugen_mve_by_sign(int32x4_t negative, int32_t then, int32_t otherwise)
{
    return veorq_s32(vandq_s32(negative, vdupq_n_s32(then ^ otherwise)), vdupq_n_s32(otherwise));
}

/* Up to four elements. */
MCUGEN_KERNEL void mcugen_mve_prelu_lanes(const struct mcugen_prelu_params *params, const int8_t *input,
                                          const int8_t *slope, int8_t *output, int32_t lanes, int partly,
                                          const struct mcugen_mve_output *out)
{
    const int32x4_t x = vaddq_n_s32(mcugen_mve_elements(input, params->step0[5], lanes, partly),
                                    -params->input_zero_point);
    const int32x4_t factor = vaddq_n_s32(mcugen_mve_elements(slope, params->step1[5], lanes, partly),
                                         -params->slope_zero_point);
    const int32x4_t negative = vshrq_n_s32(x, 31);
    /* x * 1 or x * factor. */
    const int32x4_t product = vmulq_s32(x, vorrq_s32(vandq_s32(factor, negative), vaddq_n_s32(negative, 1)));
    const int32x4_t multiplier = mcugen_mve_by_sign(negative, params->slope_multiplier, params->multiplier);
    const int32x4_t shift = mcugen_mve_by_sign(negative, params->slope_shift, params->shift);
    mcugen_mve_results(output, mcugen_mve_requantize(product, multiplier, shift, out), lanes, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_prelu_row(const struct mcugen_prelu_params *params, const int8_t *input,
                                           const int8_t *slope, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, INT8_MIN, INT8_MAX,
                                          params->shift > -1 || params->slope_shift > -1};
    for (int32_t left = params->shape[5] / 4; left > 0; left--) {
        mcugen_mve_prelu_lanes(params, input, slope, output, 4, 0, &out);
        input += 4 * params->step0[5];
        slope += 4 * params->step1[5];
        output += 4;
    }
    if (params->shape[5] % 4 != 0) {
        mcugen_mve_prelu_lanes(params, input, slope, output, params->shape[5] % 4, 1, &out);
        output += params->shape[5] % 4;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mve_prelu_s8(const struct mcugen_prelu_params *params, const int8_t *input0,
                                       const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_prelu_row(params, row0, row1, output))
}
