/* The window of one output position as a widened column, borders filled with the input zero point. */
#ifndef MCUGEN_DSP_IM2COL_H
#define MCUGEN_DSP_IM2COL_H

#include "dsp/convolution/conv2d.h"
#include "dsp/gemm.h"

MCUGEN_KERNEL void mcugen_dsp_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    int32_t i = 0;
    MCUGEN_UNROLL(4)
    for (; i < (bytes & ~3); i += 4) {
        mcugen_store_word(target + i, mcugen_load_word(source + i));
    }
    for (; i < bytes; i++) {
        target[i] = source[i];
    }
}

/* Bytes of one value, up to a whole word. */
MCUGEN_KERNEL void mcugen_dsp_fill(int8_t *target, int32_t value, int32_t bytes)
{
    const uint32_t word = ((uint32_t)value & 0xffu) * 0x01010101u;
    for (int32_t i = 0; i < bytes; i += 4) {
        mcugen_store_word(target + i, word);
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

/* The rows of a window, each `taps_bytes` bytes: in the image, or made in scratch. */
struct mcugen_dsp_window {
    const int8_t *first;
    int32_t row_bytes; /* from one row to the next */
};

/* The taps of a row (or column) from `from` on, `dilation` apart, that are inside an image of `size`. */
struct mcugen_dsp_taps {
    int32_t first, end;
};

MCUGEN_KERNEL struct mcugen_dsp_taps mcugen_dsp_taps_inside(int32_t from, int32_t taps, int32_t dilation, int32_t size)
{
    struct mcugen_dsp_taps inside = {0, taps};
    while (inside.first < taps && from + inside.first * dilation < 0) {
        inside.first++;
    }
    while (inside.end > inside.first && from + (inside.end - 1) * dilation >= size) {
        inside.end--;
    }
    return inside;
}

/* The window at (y, x) with borders: zero points, and what is inside over them. */
MCUGEN_KERNEL void mcugen_dsp_make_window(const struct mcugen_dsp_conv2d_params *params, int8_t *window,
                                          const int8_t *input, int32_t y, int32_t x)
{
    const int32_t depth = params->input_c, taps_bytes = params->kernel_w * depth;
    mcugen_dsp_fill(window, params->input_zero_point, params->kernel_h * taps_bytes);
    const struct mcugen_dsp_taps rows =
        mcugen_dsp_taps_inside(y, params->kernel_h, params->dilation_h, params->input_h);
    const struct mcugen_dsp_taps columns =
        mcugen_dsp_taps_inside(x, params->kernel_w, params->dilation_w, params->input_w);
    const int32_t run = params->dilation_w == 1 ? columns.end - columns.first : 1;
    for (int32_t row = rows.first; row < rows.end; row++) {
        const int8_t *from = input + ((y + row * params->dilation_h) * params->input_w + x) * depth;
        for (int32_t tap = columns.first; tap < columns.end; tap += run) {
            mcugen_dsp_copy(window + row * taps_bytes + tap * depth, from + tap * params->dilation_w * depth,
                            run * depth);
        }
    }
}

/* Where the window at (y, x) lies; in `window` unless it is inside the image as it is. */
MCUGEN_KERNEL struct mcugen_dsp_window mcugen_dsp_find_window(const struct mcugen_dsp_conv2d_params *params,
                                                              int8_t *window, const int8_t *input, int32_t y, int32_t x)
{
    const int32_t row_bytes = params->input_w * params->input_c;
    const int32_t last_y = params->input_h - 1 - (params->kernel_h - 1) * params->dilation_h;
    if (params->dilation_w == 1 && y >= 0 && y <= last_y && x >= 0 && x <= params->input_w - params->kernel_w) {
        const struct mcugen_dsp_window inside = {input + y * row_bytes + x * params->input_c,
                                                 params->dilation_h * row_bytes};
        return inside;
    }
    mcugen_dsp_make_window(params, window, input, y, x);
    const struct mcugen_dsp_window made = {window, params->kernel_w * params->input_c};
    return made;
}

/* The bytes from `column` of a row on that a word has from its byte `at` on: `count` of them, as they are in the word. All
 * but the row are constants. Nothing outside the row is read. */
MCUGEN_KERNEL uint32_t mcugen_dsp_row_piece(const int8_t *row, int32_t taps_bytes, int32_t column, int32_t at,
                                            int32_t count)
{
    if (at + count == 4 && column + 4 <= taps_bytes) {
        return mcugen_load_word(row + column) << 8 * at;
    }
    if (at == 0 && count == 3 && column >= 1) {
        return mcugen_load_word(row + column - 1) >> 8;
    }
    /* Byte by byte and pair by pair: GCC's sanitizer of addresses takes a copy of variable length, made in an unrolled loop,
     * for one into a variable that is gone. */
    uint32_t piece = (uint8_t)row[column];
    if (count >= 2) {
        uint16_t pair;
        memcpy(&pair, row + column, sizeof pair);
        piece = pair;
    }
    if (count == 3) {
        piece |= (uint32_t)(uint8_t)row[column + 2] << 16;
    }
    return piece << 8 * at;
}

/* Bytes `from` to `from + 3` of a window's rows, one after the other. */
MCUGEN_KERNEL uint32_t mcugen_dsp_window_word(const struct mcugen_dsp_window *window, int32_t taps_bytes, int32_t bytes,
                                              int32_t from)
{
    uint32_t word = 0;
#pragma GCC unroll 4
    for (int32_t at = 0; at < 4; at++) {
        const int32_t row = (from + at) / taps_bytes, column = (from + at) % taps_bytes;
        if (from + at < bytes && (at == 0 || column == 0)) {
            const int32_t left = taps_bytes - column, count = left < 4 - at ? left : 4 - at;
            word |= mcugen_dsp_row_piece(window->first + row * window->row_bytes, taps_bytes, column, at, count);
        }
    }
    return word;
}

/* Windows up to so many bytes are read where they are, each word of them by instructions of its own. */
enum { MCUGEN_DSP_WINDOW_BYTES = 64 };

/* The same as `mcugen_dsp_column` for channels that are no multiple of four. */
MCUGEN_KERNEL void mcugen_dsp_window_column(const struct mcugen_dsp_conv2d_params *params, mcugen_word *column,
                                            int8_t *window, const int8_t *input, int32_t y, int32_t x, int32_t block,
                                            int32_t odd)
{
    const int32_t taps_bytes = params->kernel_w * params->input_c, bytes = params->kernel_h * taps_bytes;
    if (bytes > MCUGEN_DSP_WINDOW_BYTES) {
        struct mcugen_dsp_window found = mcugen_dsp_find_window(params, window, input, y, x);
        if (found.first != window) {
            for (int32_t row = 0; row < params->kernel_h; row++) {
                mcugen_dsp_copy(window + row * taps_bytes, found.first, taps_bytes);
                found.first += found.row_bytes;
            }
        }
        mcugen_dsp_widen(column, window, (bytes + 3) & ~3, block, odd);
        return;
    }
    const struct mcugen_dsp_window found = mcugen_dsp_find_window(params, window, input, y, x);
#pragma GCC unroll 16
    for (int32_t from = 0; from < bytes; from += 4) {
        const uint32_t word = mcugen_dsp_window_word(&found, taps_bytes, bytes, from);
        column[0] = mcugen_sxtb16(word);
        column[odd] = mcugen_sxtb16_odd(word);
        column += 2 * block;
    }
}

/* The column of the output position whose first tap is at (y, x) of the input, maybe outside.
 * window: kernel_h * kernel_w * input_c bytes, rounded up to words, used unless input_c is a multiple of four; what is
 * beyond meets weight 0. */
MCUGEN_KERNEL void mcugen_dsp_column(const struct mcugen_dsp_conv2d_params *params, mcugen_word *column, int8_t *window,
                                     const int8_t *input, int32_t y, int32_t x, int32_t block, int32_t odd)
{
    if (params->input_c % 4 != 0) {
        mcugen_dsp_window_column(params, column, window, input, y, x, block, odd);
        return;
    }
    for (int32_t tap = 0; tap < params->kernel_h; tap++, y += params->dilation_h) {
        const int8_t *row = y >= 0 && y < params->input_h ? input + y * params->input_w * params->input_c : NULL;
        column = mcugen_dsp_column_row(params, column, row, x, block, odd);
    }
}

#endif
