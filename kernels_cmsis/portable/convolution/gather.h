/* The windows of a convolution, gathered into columns (im2col). Everything is counted in bytes, so that it serves every type
 * of activations. */
#ifndef MCUGEN_PORTABLE_GATHER_H
#define MCUGEN_PORTABLE_GATHER_H

#include "portable/bytes.h"

/* input_c: bytes of an input position. general_requantization is 1 when a channel is beyond mcugen_requantize_fast. */
struct mcugen_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t groups;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

/* The taps of one kernel row and one group; `row` is the input row, its column 0, first channel of the group. */
MCUGEN_KERNEL int8_t *mcugen_gather_row(const struct mcugen_conv2d_params *params, int8_t *column, const int8_t *row,
                                        int32_t x)
{
    const int32_t depth = params->input_c / params->groups, taps = params->kernel_w;
    if (params->groups == 1 && params->dilation_w == 1) {
        /* One run, cut off at the borders. */
        const int32_t first = x < 0 ? -x : 0;
        const int32_t last = params->input_w - x < taps ? params->input_w - x : taps;
        if (first < last) {
            column = mcugen_fill(column, params->input_zero_point, first * depth);
            column = mcugen_copy(column, row + (x + first) * depth, (last - first) * depth);
            return mcugen_fill(column, params->input_zero_point, (taps - last) * depth);
        }
        return mcugen_fill(column, params->input_zero_point, taps * depth);
    }
    for (int32_t tap = 0; tap < taps; tap++) {
        if (x >= 0 && x < params->input_w) {
            column = mcugen_copy(column, row + x * params->input_c, depth);
        } else {
            column = mcugen_fill(column, params->input_zero_point, depth);
        }
        x += params->dilation_w;
    }
    return column;
}

/* The window whose first tap is at (y, x), maybe outside: groups * kernel_h * kernel_w * (input_c / groups) bytes. */
MCUGEN_KERNEL void mcugen_gather_window(const struct mcugen_conv2d_params *params, int8_t *column, const int8_t *input,
                                        int32_t y, int32_t x)
{
    const int32_t depth = params->input_c / params->groups, row_bytes = params->input_w * params->input_c;
    for (int32_t group = 0; group < params->groups; group++) {
        int32_t tap_y = y;
        for (int32_t tap = 0; tap < params->kernel_h; tap++) {
            if (tap_y >= 0 && tap_y < params->input_h) {
                column = mcugen_gather_row(params, column, input + tap_y * row_bytes + group * depth, x);
            } else {
                column = mcugen_fill(column, params->input_zero_point, params->kernel_w * depth);
            }
            tap_y += params->dilation_h;
        }
    }
}

#endif
