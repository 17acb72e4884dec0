/* The window of one output position as a widened column, borders filled with the input zero point. */
#ifndef MCUGEN_DSP_IM2COL_H
#define MCUGEN_DSP_IM2COL_H

#include "conv2d.h"
#include "gemm.h"

MCUGEN_KERNEL void mcugen_dsp_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    int32_t i = 0;
#pragma GCC unroll 4
    for (; i < (bytes & ~3); i += 4) {
        mcugen_store_word(target + i, mcugen_load_word(source + i));
    }
    for (; i < bytes; i++) {
        target[i] = source[i];
    }
}

MCUGEN_KERNEL void mcugen_dsp_fill(int8_t *target, int32_t value, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) {
        target[i] = (int8_t)value;
    }
}

/* `quads` quads of zero points in the first of `block` interleaved columns; `odd` as in mcugen_dsp_widen. */
MCUGEN_KERNEL mcugen_word *mcugen_dsp_fill_column(mcugen_word *column, int32_t value, int32_t quads, int32_t block,
                                                  int32_t odd)
{
    const uint32_t pair = mcugen_pair(value, value);
    for (int32_t i = 0; i < quads; i++) {
        column[0] = pair;
        column[odd] = pair;
        column += 2 * block;
    }
    return column;
}

/* One row of the window for channels in multiples of four: every tap is whole words. Returns where the next row goes.
 * `row` is the input row, or null for a row outside. */
MCUGEN_KERNEL mcugen_word *mcugen_dsp_column_row(const struct mcugen_dsp_conv2d_params *params, mcugen_word *column,
                                                 const int8_t *row, int32_t x, int32_t block, int32_t odd)
{
    const int32_t depth = params->input_c, taps = params->kernel_w;
    if (row == NULL) {
        return mcugen_dsp_fill_column(column, params->input_zero_point, taps * depth / 4, block, odd);
    }
    if (params->dilation_w == 1 && x >= 0 && x + taps <= params->input_w) {
        mcugen_dsp_widen(column, row + x * depth, taps * depth, block, odd);
        return column + 2 * block * (taps * depth / 4);
    }
    for (int32_t tap = 0; tap < taps; tap++, x += params->dilation_w) {
        if (x >= 0 && x < params->input_w) {
            mcugen_dsp_widen(column, row + x * depth, depth, block, odd);
            column += 2 * block * (depth / 4);
        } else {
            column = mcugen_dsp_fill_column(column, params->input_zero_point, depth / 4, block, odd);
        }
    }
    return column;
}

/* One row of the window as bytes, for any number of channels. */
MCUGEN_KERNEL void mcugen_dsp_window_row(const struct mcugen_dsp_conv2d_params *params, int8_t *target,
                                         const int8_t *row, int32_t x)
{
    const int32_t depth = params->input_c, taps = params->kernel_w;
    if (row == NULL) {
        mcugen_dsp_fill(target, params->input_zero_point, taps * depth);
    } else if (params->dilation_w == 1 && x >= 0 && x + taps <= params->input_w) {
        mcugen_dsp_copy(target, row + x * depth, taps * depth);
    } else {
        for (int32_t tap = 0; tap < taps; tap++, x += params->dilation_w) {
            if (x >= 0 && x < params->input_w) {
                mcugen_dsp_copy(target, row + x * depth, depth);
            } else {
                mcugen_dsp_fill(target, params->input_zero_point, depth);
            }
            target += depth;
        }
    }
}

/* The column of the output position whose first tap is at (y, x) of the input, maybe outside.
 * window: kernel_h * kernel_w * input_c bytes, rounded up to words, used unless input_c is a multiple of four; what is
 * beyond meets weight 0. */
MCUGEN_KERNEL void mcugen_dsp_column(const struct mcugen_dsp_conv2d_params *params, mcugen_word *column, int8_t *window,
                                     const int8_t *input, int32_t y, int32_t x, int32_t block, int32_t odd)
{
    const int32_t row_bytes = params->input_w * params->input_c, taps_bytes = params->kernel_w * params->input_c;
    for (int32_t tap = 0; tap < params->kernel_h; tap++, y += params->dilation_h) {
        const int8_t *row = y >= 0 && y < params->input_h ? input + y * row_bytes : NULL;
        if (params->input_c % 4 == 0) {
            column = mcugen_dsp_column_row(params, column, row, x, block, odd);
        } else {
            mcugen_dsp_window_row(params, window + tap * taps_bytes, row, x);
        }
    }
    if (params->input_c % 4 != 0) {
        mcugen_dsp_widen(column, window, (params->kernel_h * taps_bytes + 3) & ~3, block, odd);
    }
}

#endif
