/* Maximum over the window's part inside the input, sixteen channels at a time, each written after its window has been read. */
#include "mve/vectors.h"
#include "portable/pooling/pool.h"

/* Up to sixteen channels of one window; `partly` when there are fewer. */
MCUGEN_KERNEL void mcugen_mve_window_maximum(const struct mcugen_pool_params *params, const int8_t *input,
                                             struct mcugen_range rows, struct mcugen_range columns, int8_t *output,
                                             mve_pred16_t active, int partly)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth;
    int8x16_t most = vdupq_n_s8((int8_t)params->clamp_min);
    for (int32_t y = rows.first; y < rows.end; y++) {
        const int8_t *x = input + y * row_bytes + columns.first * depth;
        for (int32_t left = columns.end - columns.first; left > 0; left--) {
            most = vmaxq_s8(most, partly ? vldrbq_z_s8(x, active) : vldrbq_s8(x));
            x += depth;
        }
    }
    if (params->clamp_max < INT8_MAX) {
        most = vminq_s8(most, vdupq_n_s8((int8_t)params->clamp_max));
    }
    if (partly) {
        vstrbq_p_s8(output, most, active);
    } else {
        vstrbq_s8(output, most);
    }
}

MCUGEN_KERNEL void mcugen_mve_max_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input,
                                            int8_t *output)
{
    const int32_t rest = params->input_c % 16;
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        const struct mcugen_range rows = mcugen_inside(y, params->kernel_h, params->input_h);
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            const struct mcugen_range columns = mcugen_inside(x, params->kernel_w, params->input_w);
            int32_t c = 0;
            for (; c + 16 <= params->input_c; c += 16) {
                mcugen_mve_window_maximum(params, input + c, rows, columns, output, 0, 0);
                output += 16;
            }
            if (rest != 0) {
                mcugen_mve_window_maximum(params, input + c, rows, columns, output, vctp8q((uint32_t)rest), 1);
                output += rest;
            }
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
