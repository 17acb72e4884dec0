/* Average of int16 over the window's part inside the input, rounded half away from zero: four channels at a time, each
 * written after its window has been read. */
#include "mve/vectors.h"
#include "portable/pooling/pool_s16.h"

/* sum / count in lanes: the divider of the core takes one after another. */
MCUGEN_KERNEL int32x4_t mcugen_mve_rounded_means(const struct mcugen_pool_params *params, int32x4_t sum, int32_t count)
{
    const int32x4_t sign = vshrq_n_s32(sum, 31);
    /* sum + count / 2, or sum - count / 2. */
    const int32x4_t half = vsubq_s32(veorq_s32(vdupq_n_s32(count / 2), sign), sign);
    const int32x4_t raised = vaddq_s32(sum, half);
    const int32x4_t mean = mcugen_mve_lanes(vgetq_lane_s32(raised, 0) / count, vgetq_lane_s32(raised, 1) / count,
                                            vgetq_lane_s32(raised, 2) / count, vgetq_lane_s32(raised, 3) / count);
    return vminq_s32(vmaxq_s32(mean, vdupq_n_s32(params->clamp_min)), vdupq_n_s32(params->clamp_max));
}

/* Up to four channels. */
MCUGEN_KERNEL int32x4_t mcugen_mve_window_sums_s16(const struct mcugen_pool_params *params,
                                                   struct mcugen_window window, const int16_t *input,
                                                   mve_pred16_t active, int partly)
{
    int32x4_t sum = vdupq_n_s32(0);
    for (int32_t y = 0; y < window.rows; y++) {
        const int16_t *x = input + y * params->input_w * params->input_c;
        for (int32_t left = window.columns; left > 0; left--) {
            sum = vaddq_s32(sum, partly ? vldrhq_z_s32(x, active) : vldrhq_s32(x));
            x += params->input_c;
        }
    }
    return sum;
}

MCUGEN_KERNEL int16_t *mcugen_mve_window_means_s16(const struct mcugen_pool_params *params,
                                                   struct mcugen_window window, const int16_t *first, int16_t *output)
{
    const int32_t count = window.rows * window.columns, rest = params->input_c % 4;
    int32_t c = 0;
    for (; c + 4 <= params->input_c; c += 4) {
        const int32x4_t sum = mcugen_mve_window_sums_s16(params, window, first + c, 0, 0);
        vstrhq_s32(output, mcugen_mve_rounded_means(params, sum, count));
        output += 4;
    }
    if (rest != 0) {
        const mve_pred16_t active = vctp32q((uint32_t)rest);
        const int32x4_t sum = mcugen_mve_window_sums_s16(params, window, first + c, active, 1);
        vstrhq_p_s32(output, mcugen_mve_rounded_means(params, sum, count), active);
        output += rest;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mve_average_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input,
                                                 int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, output = mcugen_mve_window_means_s16(params, window, first, output))
}
