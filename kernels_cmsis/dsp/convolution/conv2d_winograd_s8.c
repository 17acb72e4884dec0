/* 3x3 convolution with stride 1 by winograd.h, four tiles of 2x2 outputs at a time: their inputs are read fully before
 * their outputs are written.
 *
 * The weight stream holds for each two output channels: the transformed weights of all positions, two words a pair of
 * inputs; four times the bias, twice; two multipliers; a word with their exponents, less one. A second channel that is
 * missing has weights of 0.
 * Scratch: the transformed tiles, a quad of their columns, and a row of zero points in place of rows outside.
 */
#include "dsp/convolution/winograd_tiles.h"

/* Four tiles; `output` is where the first of them goes, `rows` and `columns` what is left of the image there. */
MCUGEN_KERNEL void mcugen_dsp_winograd_tiles(const struct mcugen_dsp_conv2d_params *params, mcugen_word *transformed,
                                             int32_t pairs, const mcugen_word *stream, int8_t *output, int32_t rows,
                                             int32_t columns, const struct mcugen_dsp_output *out)
{
    for (int32_t first = 0; first < params->output_c; first += 2) {
        stream = mcugen_dsp_tile_products(transformed, stream, pairs, 16);
        mcugen_dsp_tiles_two_channels(params, transformed, pairs, stream, first, output, rows, columns, out);
        stream += 5;
    }
}

MCUGEN_KERNEL void mcugen_dsp_conv2d_winograd_s8(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                                 const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    const int32_t pairs = (params->input_c + 3) / 4 * 2, position_words = mcugen_dsp_position_words(pairs);
    mcugen_word *const transformed = scratch, *const columns = transformed + 16 * position_words;
    int8_t *const zero_points = (int8_t *)(columns + 8 * MCUGEN_DSP_TILE_COLUMNS);
    mcugen_dsp_fill_zero_points(params, zero_points);
    for (int32_t y = 0; y < params->output_h; y += 2) {
        for (int32_t x = 0; x < params->output_w; x += 2 * MCUGEN_DSP_TILES) {
            const struct mcugen_dsp_tiles tiles =
                mcugen_dsp_find_tiles(params, input, zero_points, y - params->pad_top, x - params->pad_left);
            mcugen_dsp_transform_tiles(params, &tiles, columns, transformed, position_words);
            mcugen_dsp_winograd_tiles(params, transformed, pairs, weights,
                                      output + (y * params->output_w + x) * params->output_c, params->output_h - y,
                                      params->output_w - x, &out);
        }
    }
    mcugen_dsp_clamp_bytes(output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                           params->clamp_max);
}
