/* Mean or sum of int16 over neighbouring axes: mve/reduction/mean_s8.c with elements of two bytes. Where axes behind them are
 * kept, four of their elements are lanes; else a row is summed up eight elements at a time. Elements of later outputs lie
 * above those of earlier ones. */
#include "mve/requantize.h"
#include "portable/reduction/mean.h"

/* Up to four outputs beside each other. */
MCUGEN_KERNEL int32x4_t mcugen_mve_mean_lanes_s16(const struct mcugen_mean_params *params, const int16_t *input,
                                                  mve_pred16_t active, int partly,
                                                  const struct mcugen_mve_output *out)
{
    int32x4_t sum = vdupq_n_s32(0);
    for (int32_t left = params->shape[1]; left > 0; left--) {
        sum = vaddq_s32(sum, partly ? vldrhq_z_s32(input, active) : vldrhq_s32(input));
        input += params->shape[2];
    }
    return mcugen_mve_requantize_n(sum, params->multiplier, params->shift, out);
}

MCUGEN_KERNEL int32x4_t mcugen_mve_mean_row_s16(const struct mcugen_mean_params *params, const int16_t *input,
                                                const struct mcugen_mve_output *out)
{
    int32_t sum = 0;
    for (int32_t left = params->shape[1] / 8; left > 0; left--) {
        sum = vaddvaq_s16(sum, vldrhq_s16(input));
        input += 8;
    }
    if (params->shape[1] % 8 != 0) {
        sum = vaddvaq_s16(sum, vldrhq_z_s16(input, vctp16q((uint32_t)(params->shape[1] % 8))));
    }
    return mcugen_mve_requantize_n(vdupq_n_s32(sum), params->multiplier, params->shift, out);
}

MCUGEN_KERNEL void mcugen_mve_mean_s16(const struct mcugen_mean_params *params, const int16_t *input, int16_t *output)
{
    const struct mcugen_mve_output out = {0, INT16_MIN, INT16_MAX, params->shift > -1};
    const int32_t kept = params->shape[2], rest = kept % 4;
    for (int32_t left = params->shape[0]; left > 0; left--) {
        if (kept == 1) {
            vstrhq_p_s32(output++, mcugen_mve_mean_row_s16(params, input, &out), vctp32q(1));
        } else {
            int32_t c = 0;
            for (; c + 4 <= kept; c += 4) {
                vstrhq_s32(output, mcugen_mve_mean_lanes_s16(params, input + c, 0, 0, &out));
                output += 4;
            }
            if (rest != 0) {
                const mve_pred16_t active = vctp32q((uint32_t)rest);
                vstrhq_p_s32(output, mcugen_mve_mean_lanes_s16(params, input + c, active, 1, &out), active);
                output += rest;
            }
        }
        input += params->shape[1] * kept;
    }
}
