/* Average over the window's part inside the input, rounded half away from zero. A position's outputs are written channel
 * by channel, each after its window has been read. */
#include "pool.h"

/* Mean of one channel of the window. */
MCUGEN_KERNEL int32_t mcugen_window_mean(const struct mcugen_pool_params *params, const int8_t *input,
                                         struct mcugen_range rows, struct mcugen_range columns)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth;
    const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);
    int32_t sum = 0;
    for (int32_t y = rows.first; y < rows.end; y++) {
        const int8_t *x = input + y * row_bytes + columns.first * depth;
        for (int32_t i = columns.first; i < columns.end; i++) {
            sum += *x;
            x += depth;
        }
    }
    /* C's division truncates. */
    return (sum < 0 ? sum - count / 2 : sum + count / 2) / count;
}

MCUGEN_KERNEL void mcugen_average_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input,
                                            int8_t *output)
{
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        const struct mcugen_range rows = mcugen_inside(y, params->kernel_h, params->input_h);
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            const struct mcugen_range columns = mcugen_inside(x, params->kernel_w, params->input_w);
            for (int32_t c = 0; c < params->input_c; c++) {
                int32_t mean = mcugen_window_mean(params, input + c, rows, columns);
                mean = mean < params->clamp_min ? params->clamp_min : mean;
                *output++ = (int8_t)(mean > params->clamp_max ? params->clamp_max : mean);
            }
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
