/* Maximum over the window's part inside the input, four channels of a position at a time: a byte-wise difference leaves in
 * the GE flags which bytes are the larger ones, and SEL takes those. Each four are written after their windows have been read. */
#include "dsp/intrinsics.h"
#include "portable/pooling/max_pool.h"

/* The bytes of a constant, four times. */
MCUGEN_KERNEL uint32_t mcugen_four_bytes(int32_t value)
{
    return ((uint32_t)value & 0xffu) * 0x01010101u;
}

MCUGEN_KERNEL int8_t *mcugen_dsp_max_pool_window(const struct mcugen_pool_params *params, struct mcugen_window window,
                                                 int8_t *output)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth;
    int32_t c = 0;
    for (; c + 4 <= depth; c += 4) {
        const int8_t *row = window.input + c;
        uint32_t most = mcugen_four_bytes(params->clamp_min);
        for (int32_t y = 0; y < window.rows; y++) {
            const int8_t *x = row;
#pragma GCC unroll 4
            for (int32_t i = 0; i < window.columns; i++) {
                most = mcugen_larger_bytes(most, mcugen_load_word(x));
                x += depth;
            }
            row += row_bytes;
        }
        if (params->clamp_max < INT8_MAX) {
            most = mcugen_smaller_bytes(most, mcugen_four_bytes(params->clamp_max));
        }
        mcugen_store_word(output, most);
        output += 4;
    }
    return mcugen_window_maxima_one_by_one(params, window, c, output);
}

MCUGEN_KERNEL void mcugen_dsp_max_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input,
                                            int8_t *output)
{
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            output = mcugen_dsp_max_pool_window(params, mcugen_window_at(params, input, y, x), output);
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
