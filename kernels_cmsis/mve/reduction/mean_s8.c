/* Mean or sum over neighbouring axes. Where axes behind them are kept, eight of their elements are lanes; else a row is
 * summed up sixteen elements at a time. Elements of later outputs lie above those of earlier ones. */
#include "mve/requantize.h"
#include "mve/sums.h"
#include "portable/reduction/mean.h"

/* Up to eight outputs beside each other. */
MCUGEN_KERNEL void mcugen_mve_mean_lanes(const struct mcugen_mean_params *params, const int8_t *input, int8_t *output,
                                         mve_pred16_t active, int partly, const struct mcugen_mve_output *out)
{
    const int32_t start = -params->input_zero_point * params->shape[1];
    struct mcugen_mve_eight sums = {vdupq_n_s32(start), vdupq_n_s32(start)};
    for (int32_t left = params->shape[1]; left > 0; left -= MCUGEN_MVE_SUMMANDS) {
        const int32_t now = left < MCUGEN_MVE_SUMMANDS ? left : MCUGEN_MVE_SUMMANDS;
        const struct mcugen_mve_eight part = mcugen_mve_widened(
            mcugen_mve_sum_positions(vdupq_n_s16(0), input, params->shape[2], now, active, partly));
        sums.even = vaddq_s32(sums.even, part.even);
        sums.odd = vaddq_s32(sums.odd, part.odd);
        input += now * params->shape[2];
    }
    sums.even = mcugen_mve_requantize_n(sums.even, params->multiplier, params->shift, out);
    sums.odd = mcugen_mve_requantize_n(sums.odd, params->multiplier, params->shift, out);
    mcugen_mve_store_eight(output, sums, active, partly);
}

MCUGEN_KERNEL int8_t mcugen_mve_mean_row(const struct mcugen_mean_params *params, const int8_t *input,
                                         const struct mcugen_mve_output *out)
{
    int32_t sum = -params->input_zero_point * params->shape[1];
    for (int32_t left = params->shape[1] / 16; left > 0; left--) {
        sum = vaddvaq_s8(sum, vldrbq_s8(input));
        input += 16;
    }
    if (params->shape[1] % 16 != 0) {
        sum = vaddvaq_s8(sum, vldrbq_z_s8(input, vctp8q((uint32_t)(params->shape[1] % 16))));
    }
    int8_t result[1];
    vstrbq_p_s32(result, mcugen_mve_requantize_n(vdupq_n_s32(sum), params->multiplier, params->shift, out),
                 vctp32q(1));
    return result[0];
}

MCUGEN_KERNEL void mcugen_mve_mean_s8(const struct mcugen_mean_params *params, const int8_t *input, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, INT8_MIN, INT8_MAX, params->shift > -1};
    const int32_t kept = params->shape[2], rest = kept % 8;
    for (int32_t left = params->shape[0]; left > 0; left--) {
        if (kept == 1) {
            *output++ = mcugen_mve_mean_row(params, input, &out);
        } else {
            int32_t c = 0;
            for (; c + 8 <= kept; c += 8) {
                mcugen_mve_mean_lanes(params, input + c, output, 0, 0, &out);
                output += 8;
            }
            if (rest != 0) {
                mcugen_mve_mean_lanes(params, input + c, output, vctp16q((uint32_t)rest), 1, &out);
                output += rest;
            }
        }
        input += params->shape[1] * kept;
    }
}
