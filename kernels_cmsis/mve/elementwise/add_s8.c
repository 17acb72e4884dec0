/* Addition: mcugen_add_s8 of the portable library in lanes. */
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
MCUGEN_KERNEL void mcugen_mve_add_lanes(const struct mcugen_add_params *params, const int8_t *input0,
                                        const int8_t *input1, int8_t *output, int32_t lanes, int partly,
                                        const struct mcugen_mve_output *out)
{
    const int32x4_t x0 = mcugen_mve_elements(input0, params->step0[5], lanes, partly);
    const int32x4_t x1 = mcugen_mve_elements(input1, params->step1[5], lanes, partly);
    const int32x4_t term0 = mcugen_mve_add_term(x0, params->input0_zero_point, params->left_shift,
                                                params->input0_multiplier, params->input0_shift);
    const int32x4_t term1 = mcugen_mve_add_term(x1, params->input1_zero_point, params->left_shift,
                                                params->input1_multiplier, params->input1_shift);
    const int32x4_t sum = vaddq_s32(term0, term1);
    mcugen_mve_results(output, mcugen_mve_requantize_n(sum, params->output_multiplier, params->output_shift, out),
                       lanes, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_add_row(const struct mcugen_add_params *params, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->output_shift > -1};
    for (int32_t left = params->shape[5] / 4; left > 0; left--) {
        mcugen_mve_add_lanes(params, input0, input1, output, 4, 0, &out);
        input0 += 4 * params->step0[5];
        input1 += 4 * params->step1[5];
        output += 4;
    }
    if (params->shape[5] % 4 != 0) {
        mcugen_mve_add_lanes(params, input0, input1, output, params->shape[5] % 4, 1, &out);
        output += params->shape[5] % 4;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mve_add_s8(const struct mcugen_add_params *params, const int8_t *input0,
                                     const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_add_row(params, row0, row1, output))
}
