/* Maximum over the window's part inside the input. A position's outputs are written channel by channel, each after its
 * window has been read. */
#include "pool.h"

/* Maximum of one channel of the window; `least` is the lowest result. */
MCUGEN_KERNEL int32_t mcugen_window_maximum(const struct mcugen_pool_params *params, const int8_t *input,
                                            struct mcugen_range rows, struct mcugen_range columns, int32_t least)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth;
    for (int32_t y = rows.first; y < rows.end; y++) {
        const int8_t *x = input + y * row_bytes + columns.first * depth;
        for (int32_t i = columns.first; i < columns.end; i++) {
            least = *x > least ? *x : least;
            x += depth;
        }
    }
    return least;
}

MCUGEN_KERNEL void mcugen_max_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input, int8_t *output)
{
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        const struct mcugen_range rows = mcugen_inside(y, params->kernel_h, params->input_h);
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            const struct mcugen_range columns = mcugen_inside(x, params->kernel_w, params->input_w);
            for (int32_t c = 0; c < params->input_c; c++) {
                const int32_t most = mcugen_window_maximum(params, input + c, rows, columns, params->clamp_min);
                *output++ = (int8_t)(most > params->clamp_max ? params->clamp_max : most);
            }
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
