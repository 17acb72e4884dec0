/* Maximum of int16 over the window's part inside the input. A position's outputs are written channel by channel, each after
 * its window has been read. */
#include "portable/pooling/pool_s16.h"

MCUGEN_KERNEL int16_t mcugen_window_maximum_s16(const struct mcugen_pool_params *params, struct mcugen_window window,
                                         const int16_t *first)
{
    int32_t most = params->clamp_min;
    for (int32_t y = 0; y < window.rows; y++) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < window.columns; i++) {
            const int32_t x = first[(y * params->input_w + i) * params->input_c];
            most = x > most ? x : most;
        }
    }
    return (int16_t)(most > params->clamp_max ? params->clamp_max : most);
}

MCUGEN_KERNEL void mcugen_max_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input, int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, *output++ = mcugen_window_maximum_s16(params, window, first))
}
