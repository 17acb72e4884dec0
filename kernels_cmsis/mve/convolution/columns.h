/* The strip of a convolution: the input rows that an output row needs, column by column, so that the window of every
 * position is contiguous. */
#ifndef MCUGEN_MVE_COLUMNS_H
#define MCUGEN_MVE_COLUMNS_H

#include "mve/copy.h"

/* depth: channels of a group; rows, row_step: input rows of a column, and how far apart they are. */
struct mcugen_mve_columns {
    int32_t input_h, input_w, input_c;
    int32_t groups, depth;
    int32_t rows, row_step;
    int32_t zero_point;
};

/* One input row's part of the strip: columns `from` ... `to` - 1 of a group's channels, rows * depth bytes from one to
 * the next. */
MCUGEN_KERNEL void mcugen_mve_strip_row(const struct mcugen_mve_columns *layout, int8_t *strip, const int8_t *row,
                                        int32_t from, int32_t to)
{
    const int32_t depth = layout->depth, step = layout->rows * depth;
    /* Columns that one vector holds, and how far it scatters them. */
    const int32_t together = 16 / (depth < 16 ? depth : 16);
    if (layout->groups == 1 && depth < 16 && (together - 1) * step + depth <= 256) {
        uint8_t where[16];
        for (int32_t i = 0; i < 16; i++) {
            where[i] = (uint8_t)(i / depth * step + i % depth);
        }
        const uint8x16_t offsets = vldrbq_u8(where);
        for (int32_t left = (to - from) * depth; left > 0; left -= together * depth) {
            const int32_t now = left < together * depth ? left : together * depth;
            const mve_pred16_t active = vctp8q((uint32_t)now);
            vstrbq_scatter_offset_p_s8(strip, offsets, vldrbq_z_s8(row, active), active);
            row += together * depth;
            strip += together * step;
        }
        return;
    }
    for (int32_t x = from; x < to; x++) {
        mcugen_mve_copy(strip, row, depth);
        row += layout->input_c;
        strip += step;
    }
}

/* The strip of a group whose first column is at (y, x) of the input, maybe outside. `input`: its first channel. */
MCUGEN_KERNEL void mcugen_mve_strip(const struct mcugen_mve_columns *layout, int8_t *strip, const int8_t *input,
                                    int32_t y, int32_t x, int32_t columns)
{
    const int32_t depth = layout->depth, column = layout->rows * depth;
    const int32_t from = x < 0 ? (-x < columns ? -x : columns) : 0;
    const int32_t inside = layout->input_w - x < columns ? layout->input_w - x : columns;
    const int32_t to = inside < from ? from : inside;
    if (from > 0) {
        mcugen_mve_fill(strip, layout->zero_point, from * column);
    }
    if (to < columns) {
        mcugen_mve_fill(strip + to * column, layout->zero_point, (columns - to) * column);
    }
    for (int32_t tap = 0; tap < layout->rows; tap++, y += layout->row_step) {
        int8_t *target = strip + from * column + tap * depth;
        if (y >= 0 && y < layout->input_h) {
            const int8_t *row = input + (y * layout->input_w + x + from) * layout->input_c;
            mcugen_mve_strip_row(layout, target, row, from, to);
        } else {
            for (int32_t i = from; i < to; i++, target += column) {
                mcugen_mve_fill(target, layout->zero_point, depth);
            }
        }
    }
}

#endif
