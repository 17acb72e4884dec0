/* Product of two tensors: mcugen_mul_s8 of the portable library in lanes. */
#include "mve/elementwise/lanes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* Up to four elements. */
MCUGEN_KERNEL void mcugen_mve_mul_lanes(const struct mcugen_mul_params *params, const int8_t *input0,
                                        const int8_t *input1, int8_t *output, int32_t lanes, int partly,
                                        const struct mcugen_mve_output *out)
{
    const int32x4_t x0 = mcugen_mve_elements(input0, params->step0[5], lanes, partly);
    const int32x4_t x1 = mcugen_mve_elements(input1, params->step1[5], lanes, partly);
    const int32x4_t product = vmulq_s32(vaddq_n_s32(x0, -params->input0_zero_point),
                                        vaddq_n_s32(x1, -params->input1_zero_point));
    mcugen_mve_results(output, mcugen_mve_requantize_n(product, params->multiplier, params->shift, out), lanes, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_mul_row(const struct mcugen_mul_params *params, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->shift > -1};
    for (int32_t left = params->shape[5] / 4; left > 0; left--) {
        mcugen_mve_mul_lanes(params, input0, input1, output, 4, 0, &out);
        input0 += 4 * params->step0[5];
        input1 += 4 * params->step1[5];
        output += 4;
    }
    if (params->shape[5] % 4 != 0) {
        mcugen_mve_mul_lanes(params, input0, input1, output, params->shape[5] % 4, 1, &out);
        output += params->shape[5] % 4;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mve_mul_s8(const struct mcugen_mul_params *params, const int8_t *input0,
                                     const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_mul_row(params, row0, row1, output))
}
