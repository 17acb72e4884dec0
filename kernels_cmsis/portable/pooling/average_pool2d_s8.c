/* Average over the window's part inside the input, rounded half away from zero. A position's outputs are written channel
 * by channel, each after its window has been read. */
#include "portable/pooling/average_pool.h"

MCUGEN_KERNEL void mcugen_average_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input,
                                            int8_t *output)
{
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            output = mcugen_window_means(params, mcugen_window_at(params, input, y, x), 0, output);
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
