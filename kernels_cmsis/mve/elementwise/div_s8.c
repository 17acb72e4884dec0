/* Quotient of two tensors: mcugen_div_s8 of the portable library in lanes, with gathered reciprocals. */
#include "mve/elementwise/lanes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* The reciprocals of four elements, or of one for all lanes. What a partial load leaves out is 0: a place in the table. */
MCUGEN_KERNEL int32x4_t mcugen_mve_reciprocals(const int8_t *input, int32_t step, const int32_t *reciprocals,
                                               int32_t lanes, int partly)
{
    const uint8_t *const places = (const uint8_t *)input;
    if (step == 0) {
        return vdupq_n_s32(reciprocals[*places]);
    }
    return vldrwq_gather_shifted_offset_s32(
        reciprocals, partly ? vldrbq_z_u32(places, vctp32q((uint32_t)lanes)) : vldrbq_u32(places));
}

/* Up to four elements. */
MCUGEN_KERNEL void mcugen_mve_div_lanes(const struct mcugen_div_params *params, const int8_t *input0,
                                        const int8_t *input1, const int32_t *reciprocals, int8_t *output,
                                        int32_t lanes, int partly)
{
    const struct mcugen_mve_output out = {params->output_zero_point, INT8_MIN, INT8_MAX, 0};
    const int swapped = params->swapped != 0;
    const int32x4_t numerator = mcugen_mve_elements(swapped ? input1 : input0,
                                                    swapped ? params->step1[5] : params->step0[5], lanes, partly);
    const int32x4_t factor = mcugen_mve_reciprocals(
        swapped ? input0 : input1, swapped ? params->step0[5] : params->step1[5], reciprocals, lanes, partly);
    const int32x4_t product = vmulq_s32(vaddq_n_s32(numerator, -params->numerator_zero_point), factor);
    /* VRSHR rounds ties up: what is negative is one less before. */
    const int32x4_t quotient = vrshrq_n_s32(vaddq_s32(product, vshrq_n_s32(product, 31)), 14);
    mcugen_mve_results(output, mcugen_mve_clamp(vaddq_n_s32(quotient, params->output_zero_point), &out), lanes, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_div_row(const struct mcugen_div_params *params, const int8_t *input0,
                                         const int8_t *input1, const int32_t *reciprocals, int8_t *output)
{
    for (int32_t left = params->shape[5] / 4; left > 0; left--) {
        mcugen_mve_div_lanes(params, input0, input1, reciprocals, output, 4, 0);
        input0 += 4 * params->step0[5];
        input1 += 4 * params->step1[5];
        output += 4;
    }
    if (params->shape[5] % 4 != 0) {
        mcugen_mve_div_lanes(params, input0, input1, reciprocals, output, params->shape[5] % 4, 1);
        output += params->shape[5] % 4;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mve_div_s8(const struct mcugen_div_params *params, const int8_t *input0,
                                     const int8_t *input1, const int32_t *reciprocals, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_div_row(params, row0, row1, reciprocals, output))
}
