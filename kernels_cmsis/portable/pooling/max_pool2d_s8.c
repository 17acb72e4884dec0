/* Maximum over the window's part inside the input. Up to four channels of a position are written together, after their
 * windows have been read: a load each with a constant offset, and one step from tap to tap for all. */
#include "portable/pooling/max_pool.h"

/* Channels at a time: as many as there are registers for. */
enum { MCUGEN_MAX_POOL_BLOCK = MCUGEN_SMALL_CORE ? 2 : 4 };

MCUGEN_KERNEL int8_t *mcugen_max_pool_window(const struct mcugen_pool_params *params, struct mcugen_window window,
                                             int8_t *output)
{
    int32_t c = 0;
    for (; c + MCUGEN_MAX_POOL_BLOCK <= params->input_c; c += MCUGEN_MAX_POOL_BLOCK) {
        output = mcugen_window_maxima(params, window, c, MCUGEN_MAX_POOL_BLOCK, output);
    }
    return mcugen_window_maxima_one_by_one(params, window, c, output);
}

MCUGEN_KERNEL void mcugen_max_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input, int8_t *output)
{
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            output = mcugen_max_pool_window(params, mcugen_window_at(params, input, y, x), output);
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
