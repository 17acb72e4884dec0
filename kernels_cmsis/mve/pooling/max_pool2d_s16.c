/* Maximum of int16 over the window's part inside the input: eight channels at a time, each written after its window has been
 * read. */
#include "mve/vectors.h"
#include "portable/pooling/pool_s16.h"

/* Up to eight channels. */
MCUGEN_KERNEL int16x8_t mcugen_mve_window_maximum_s16(const struct mcugen_pool_params *params,
                                                      struct mcugen_window window, const int16_t *input,
                                                      mve_pred16_t active, int partly)
{
    int16x8_t most = vdupq_n_s16((int16_t)params->clamp_min);
    for (int32_t y = 0; y < window.rows; y++) {
        const int16_t *x = input + y * params->input_w * params->input_c;
        for (int32_t left = window.columns; left > 0; left--) {
            most = vmaxq_s16(most, partly ? vldrhq_z_s16(x, active) : vldrhq_s16(x));
            x += params->input_c;
        }
    }
    return params->clamp_max < INT16_MAX ? vminq_s16(most, vdupq_n_s16((int16_t)params->clamp_max)) : most;
}

MCUGEN_KERNEL int16_t *mcugen_mve_window_maxima_s16(const struct mcugen_pool_params *params,
                                                    struct mcugen_window window, const int16_t *first,
                                                    int16_t *output)
{
    const int32_t rest = params->input_c % 8;
    int32_t c = 0;
    for (; c + 8 <= params->input_c; c += 8) {
        vstrhq_s16(output, mcugen_mve_window_maximum_s16(params, window, first + c, 0, 0));
        output += 8;
    }
    if (rest != 0) {
        const mve_pred16_t active = vctp16q((uint32_t)rest);
        vstrhq_p_s16(output, mcugen_mve_window_maximum_s16(params, window, first + c, active, 1), active);
        output += rest;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mve_max_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input,
                                             int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, output = mcugen_mve_window_maxima_s16(params, window, first, output))
}
