/* The window of one output position as a row of bytes, borders filled with the input zero point. */
#ifndef MCUGEN_DSP_IM2COL_H
#define MCUGEN_DSP_IM2COL_H

#include "intrinsics.h"

MCUGEN_KERNEL int8_t *mcugen_dsp_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    int32_t i = 0;
#pragma GCC unroll 4
    for (; i + 4 <= bytes; i += 4) {
        mcugen_store_word(target + i, mcugen_load_word(source + i));
    }
    for (; i < bytes; i++) {
        target[i] = source[i];
    }
    return target + bytes;
}

MCUGEN_KERNEL int8_t *mcugen_dsp_fill(int8_t *target, int32_t value, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) {
        target[i] = (int8_t)value;
    }
    return target + bytes;
}

/* One row of the window: kernel_w taps of all channels, the first at column `x` of an input row. */
MCUGEN_KERNEL int8_t *mcugen_dsp_window_row(const struct mcugen_dsp_conv2d_params *params, int8_t *target,
                                            const int8_t *row, int32_t x)
{
    const int32_t depth = params->input_c, taps = params->kernel_w;
    if (params->dilation_w != 1) {
        for (int32_t tap = 0; tap < taps; tap++, x += params->dilation_w) {
            if (x >= 0 && x < params->input_w) {
                target = mcugen_dsp_copy(target, row + x * depth, depth);
            } else {
                target = mcugen_dsp_fill(target, params->input_zero_point, depth);
            }
        }
        return target;
    }
    int32_t first = x < 0 ? -x : 0;
    int32_t last = params->input_w - x < taps ? params->input_w - x : taps;
    if (first >= last) {
        return mcugen_dsp_fill(target, params->input_zero_point, taps * depth);
    }
    target = mcugen_dsp_fill(target, params->input_zero_point, first * depth);
    target = mcugen_dsp_copy(target, row + (x + first) * depth, (last - first) * depth);
    return mcugen_dsp_fill(target, params->input_zero_point, (taps - last) * depth);
}

/* kernel_h * kernel_w * input_c bytes; the window's first tap is at (y, x) of the input, maybe outside. */
MCUGEN_KERNEL void mcugen_dsp_window(const struct mcugen_dsp_conv2d_params *params, int8_t *target, const int8_t *input,
                                     int32_t y, int32_t x)
{
    const int32_t row_bytes = params->input_w * params->input_c, taps_bytes = params->kernel_w * params->input_c;
    const int32_t inside = params->dilation_w == 1 && x >= 0 && x + params->kernel_w <= params->input_w;
    for (int32_t tap = 0; tap < params->kernel_h; tap++, y += params->dilation_h) {
        if (y < 0 || y >= params->input_h) {
            target = mcugen_dsp_fill(target, params->input_zero_point, taps_bytes);
        } else if (inside) {
            target = mcugen_dsp_copy(target, input + y * row_bytes + x * params->input_c, taps_bytes);
        } else {
            target = mcugen_dsp_window_row(params, target, input + y * row_bytes, x);
        }
    }
}

#endif
