/* Average over the window's part inside the input (at most 255 elements), rounded half away from zero; eight channels at a
 * time, each written after its window has been read. */
#include "mve/pooling/mean.h"
#include "portable/pooling/pool.h"

/* Up to eight channels of one window. */
MCUGEN_KERNEL void mcugen_mve_window_mean(const struct mcugen_pool_params *params, const int8_t *input,
                                          struct mcugen_range rows, struct mcugen_range columns, uint32_t reciprocal,
                                          int8_t *output, mve_pred16_t active, int partly)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth, width = columns.end - columns.first;
    const int32_t count = (rows.end - rows.first) * width;
    int16x8_t sums = vdupq_n_s16(0);
    for (int32_t y = rows.first; y < rows.end; y++) {
        sums = mcugen_mve_sum_positions(sums, input + y * row_bytes + columns.first * depth, depth, width, active,
                                        partly);
    }
    struct mcugen_mve_eight means = mcugen_mve_widened(sums);
    means.even = mcugen_mve_mean(means.even, count, reciprocal);
    means.odd = mcugen_mve_mean(means.odd, count, reciprocal);
    if (params->clamp_min > INT8_MIN || params->clamp_max < INT8_MAX) {
        const int32x4_t least = vdupq_n_s32(params->clamp_min), most = vdupq_n_s32(params->clamp_max);
        means.even = vminq_s32(vmaxq_s32(means.even, least), most);
        means.odd = vminq_s32(vmaxq_s32(means.odd, least), most);
    }
    mcugen_mve_store_eight(output, means, active, partly);
}

MCUGEN_KERNEL void mcugen_mve_average_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input,
                                                int8_t *output)
{
    const int32_t rest = params->input_c % 8;
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        const struct mcugen_range rows = mcugen_inside(y, params->kernel_h, params->input_h);
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            const struct mcugen_range columns = mcugen_inside(x, params->kernel_w, params->input_w);
            const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);
            const uint32_t reciprocal = mcugen_mve_reciprocal(count);
            int32_t c = 0;
            for (; c + 8 <= params->input_c; c += 8) {
                mcugen_mve_window_mean(params, input + c, rows, columns, reciprocal, output, 0, 0);
                output += 8;
            }
            if (rest != 0) {
                mcugen_mve_window_mean(params, input + c, rows, columns, reciprocal, output, vctp16q((uint32_t)rest),
                                       1);
                output += rest;
            }
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
