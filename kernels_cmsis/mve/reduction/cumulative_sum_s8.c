/* Cumulative sums: mcugen_cumulative_sum_s8 of the portable library for four neighbours at a time; along the innermost axis
 * these are rows. */
#include "mve/requantize.h"
#include "portable/reduction/params.h"

/* Up to four sums; `offsets`: bytes from the first lane's element to each lane's, `step` from one element to the next. */
MCUGEN_KERNEL void mcugen_mve_cumulative_lanes(const struct mcugen_cumulative_params *params, const int8_t *input,
                                               int8_t *output, uint32x4_t offsets, int32_t step, mve_pred16_t active)
{
    const struct mcugen_mve_output out = {params->output_zero_point, INT8_MIN, INT8_MAX, params->shift > -1};
    int32x4_t sums = vdupq_n_s32(0);
    for (int32_t left = params->length; left > 0; left--) {
        const int32x4_t x = vldrbq_gather_offset_z_s32(input, offsets, active);
        sums = vaddq_n_s32(vaddq_s32(sums, x), -params->input_zero_point);
        vstrbq_scatter_offset_p_s32(output, offsets,
                                    mcugen_mve_requantize_n(sums, params->multiplier, params->shift, &out), active);
        input += step;
        output += step;
    }
}

MCUGEN_KERNEL void mcugen_mve_cumulative_sum_s8(const struct mcugen_cumulative_params *params, const int8_t *input,
                                                int8_t *output)
{
    const int rows = params->inner == 1;
    const int32_t between = rows ? params->length : 1, neighbours = rows ? params->outer : params->inner;
    const uint32x4_t offsets = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)between);
    for (int32_t i = rows ? 1 : params->outer; i > 0; i--) {
        for (int32_t left = neighbours; left > 0; left -= 4) {
            const int32_t lanes = left < 4 ? left : 4;
            mcugen_mve_cumulative_lanes(params, input, output, offsets, params->inner, vctp32q((uint32_t)lanes));
            input += lanes * between;
            output += lanes * between;
        }
        /* Behind the neighbours of a row of columns lie its other elements. */
        input += rows ? 0 : (params->length - 1) * params->inner;
        output += rows ? 0 : (params->length - 1) * params->inner;
    }
}
