/* Convolution of any kernel size: the input rows that an output row needs become a strip, column by column, in which the
 * window of every position is contiguous: a column of the matrix product.
 *
 * A block of a row's positions at a time, group by group; a strip is made before its outputs are written.
 */
#include "mve/convolution/conv2d.h"
#include "mve/copy.h"
#include "mve/gemm.h"

/* One input row's part of the strip: columns `from` ... `to` - 1 of a group's `depth` channels, kernel_h * depth bytes from
 * one to the next. */
MCUGEN_KERNEL void mcugen_mve_strip_row(const struct mcugen_mve_conv2d_params *params, int8_t *strip,
                                        int32_t depth, const int8_t *row, int32_t from, int32_t to)
{
    const int32_t step = params->kernel_h * depth;
    /* Columns that one vector holds, and how far it scatters them. */
    const int32_t together = 16 / (depth < 16 ? depth : 16);
    if (params->groups == 1 && depth < 16 && (together - 1) * step + depth <= 256) {
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
        row += params->input_c;
        strip += step;
    }
}

/* The strip of a group whose first column is at (y, x) of the input, maybe outside. `input`: its first channel. */
MCUGEN_KERNEL void mcugen_mve_strip(const struct mcugen_mve_conv2d_params *params, int8_t *strip, const int8_t *input,
                                    int32_t y, int32_t x, int32_t columns)
{
    const int32_t depth = params->input_c / params->groups, column = params->kernel_h * depth;
    const int32_t from = x < 0 ? (-x < columns ? -x : columns) : 0;
    const int32_t inside = params->input_w - x < columns ? params->input_w - x : columns;
    const int32_t to = inside < from ? from : inside;
    if (from > 0) {
        mcugen_mve_fill(strip, params->input_zero_point, from * column);
    }
    if (to < columns) {
        mcugen_mve_fill(strip + to * column, params->input_zero_point, (columns - to) * column);
    }
    for (int32_t tap = 0; tap < params->kernel_h; tap++, y += params->dilation_h) {
        int8_t *target = strip + from * column + tap * depth;
        if (y >= 0 && y < params->input_h) {
            const int8_t *row = input + (y * params->input_w + x + from) * params->input_c;
            mcugen_mve_strip_row(params, target, depth, row, from, to);
        } else {
            for (int32_t i = from; i < to; i++, target += column) {
                mcugen_mve_fill(target, params->input_zero_point, depth);
            }
        }
    }
}

/* One group of channels of the positions of a block: `window`, `output` are the first one's. */
MCUGEN_KERNEL void mcugen_mve_conv2d_block(const struct mcugen_mve_conv2d_params *params, const int8_t *window,
                                           int32_t positions, const mcugen_mve_word *weights, int8_t *output,
                                           const struct mcugen_mve_output *out)
{
    const int32_t column = params->kernel_h * (params->input_c / params->groups), step = params->stride_w * column;
    const int32_t chunks = (params->kernel_w * column + 15) / 16, channels = params->output_c / params->groups;
    for (int32_t pairs = positions / 2; pairs > 0; pairs--) {
        mcugen_mve_gemm_2(window, window + step, weights, chunks, output, channels, params->output_c, out);
        window += 2 * step;
        output += 2 * params->output_c;
    }
    if (positions % 2 != 0) {
        mcugen_mve_gemm_1(window, weights, chunks, output, channels, out);
    }
}

MCUGEN_KERNEL void mcugen_mve_conv2d_s8(const struct mcugen_mve_conv2d_params *params, const int8_t *input,
                                        const int32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization};
    const int32_t depth = params->input_c / params->groups, channels = params->output_c / params->groups;
    const int32_t chunks = (params->kernel_w * params->kernel_h * depth + 15) / 16;
    const int32_t group_words = (channels + 3) / 4 * 12 + 4 * chunks * channels;
    for (int32_t y = 0; y < params->output_h; y++) {
        for (int32_t done = 0; done < params->output_w; done += params->block_w) {
            const int32_t left = params->output_w - done, now = left < params->block_w ? left : params->block_w;
            for (int32_t group = 0; group < params->groups; group++) {
                mcugen_mve_strip(params, scratch, input + group * depth, y * params->stride_h - params->pad_top,
                                 done * params->stride_w - params->pad_left,
                                 (now - 1) * params->stride_w + params->kernel_w);
                mcugen_mve_conv2d_block(params, scratch, now, weights + group * group_words,
                                        output + group * channels, &out);
            }
            output += now * params->output_c;
        }
    }
}
