/* Average over the window's part inside the input (at most 255 elements), rounded half away from zero. Four channels of a
 * position are summed at a time, two in the halves of a word, and written after their windows have been read. */
#include "dsp/intrinsics.h"
#include "portable/pooling/average_pool.h"

MCUGEN_KERNEL int8_t *mcugen_dsp_average_pool_window(const struct mcugen_pool_params *params,
                                                     struct mcugen_window window, int8_t *output)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth, count = window.rows * window.columns;
    int32_t c = 0;
    for (; c + 4 <= depth; c += 4) {
        const int8_t *row = window.input + c;
        uint32_t even = 0, odd = 0;
        for (int32_t y = 0; y < window.rows; y++) {
            const int8_t *x = row;
#pragma GCC unroll 4
            for (int32_t i = 0; i < window.columns; i++) {
                const uint32_t word = mcugen_load_word(x);
                even = mcugen_sxtab16(even, word);
                odd = mcugen_sxtab16_odd(odd, word);
                x += depth;
            }
            row += row_bytes;
        }
        output[0] = mcugen_rounded_mean(params, mcugen_low(even), count);
        output[1] = mcugen_rounded_mean(params, mcugen_low(odd), count);
        output[2] = mcugen_rounded_mean(params, mcugen_high(even), count);
        output[3] = mcugen_rounded_mean(params, mcugen_high(odd), count);
        output += 4;
    }
    return mcugen_window_means(params, window, c, output);
}

MCUGEN_KERNEL void mcugen_dsp_average_pool2d_s8(const struct mcugen_pool_params *params, const int8_t *input,
                                                int8_t *output)
{
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            output = mcugen_dsp_average_pool_window(params, mcugen_window_at(params, input, y, x), output);
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
