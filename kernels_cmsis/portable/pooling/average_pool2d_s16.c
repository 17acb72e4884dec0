/* Average of int16 over the window's part inside the input, rounded half away from zero. A position's outputs are written
 * channel by channel, each after its window has been read. */
#include "portable/pooling/pool_s16.h"

MCUGEN_KERNEL int16_t mcugen_window_mean_s16(const struct mcugen_pool_params *params, struct mcugen_window window,
                                      const int16_t *first)
{
    const int32_t count = window.rows * window.columns;
    int32_t sum = 0;
    for (int32_t y = 0; y < window.rows; y++) {
        for (int32_t i = 0; i < window.columns; i++) {
            sum += first[(y * params->input_w + i) * params->input_c];
        }
    }
    /* C's division truncates. */
    int32_t mean = (sum < 0 ? sum - count / 2 : sum + count / 2) / count;
    mean = mean < params->clamp_min ? params->clamp_min : mean;
    return (int16_t)(mean > params->clamp_max ? params->clamp_max : mean);
}

MCUGEN_KERNEL void mcugen_average_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input,
                                             int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, *output++ = mcugen_window_mean_s16(params, window, first))
}
