/* 3x3 convolution with stride 1 by winograd.h, four tiles of 2x2 outputs at a time: their inputs are read fully before
 * their outputs are written.
 *
 * The weight stream holds for each two output channels: the transformed weights of all positions, two words a pair of
 * inputs; four times the bias, twice; two multipliers; a word with their exponents, less one. A second channel that is
 * missing has weights of 0.
 * Scratch: the transformed tiles, a quad of their columns, and a row of zero points in place of rows outside.
 */
#include "conv2d.h"
#include "winograd.h"

/* The rows and columns of the input that four tiles need: where the first of them is, and which columns lie inside. */
struct mcugen_dsp_tiles {
    const int8_t *rows[4];     /* at the first column inside */
    int32_t before, inside;    /* columns outside on the left, columns inside */
};

MCUGEN_KERNEL struct mcugen_dsp_tiles mcugen_dsp_find_tiles(const struct mcugen_dsp_conv2d_params *params,
                                                            const int8_t *input, const int8_t *zero_points, int32_t y,
                                                            int32_t x)
{
    const int32_t end = x + MCUGEN_DSP_TILE_COLUMNS < params->input_w ? x + MCUGEN_DSP_TILE_COLUMNS : params->input_w;
    const int32_t first = x < 0 ? 0 : x < params->input_w ? x : params->input_w;
    struct mcugen_dsp_tiles tiles = {.before = first - x, .inside = end > first ? end - first : 0};
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        const int inside = y + i >= 0 && y + i < params->input_h;
        tiles.rows[i] = inside ? input + ((y + i) * params->input_w + first) * params->input_c : zero_points;
    }
    return tiles;
}

/* `count` (a constant) channels from `channel` on, to `target`: two pairs of all positions. */
MCUGEN_KERNEL void mcugen_dsp_transform_quad(const struct mcugen_dsp_conv2d_params *params,
                                             const struct mcugen_dsp_tiles *tiles, int32_t channel, int count,
                                             mcugen_word *columns, mcugen_word *target, int32_t position_words)
{
    const int8_t *row0 = tiles->rows[0] + channel, *row1 = tiles->rows[1] + channel;
    const int8_t *row2 = tiles->rows[2] + channel, *row3 = tiles->rows[3] + channel;
    mcugen_word *to = columns + tiles->before;
    for (int32_t i = 0; i < tiles->inside; i++) {
        const int32_t at = i * params->input_c;
        mcugen_dsp_transform_column(to++, mcugen_dsp_load_some(row0 + at, count), mcugen_dsp_load_some(row1 + at, count),
                                    mcugen_dsp_load_some(row2 + at, count), mcugen_dsp_load_some(row3 + at, count));
    }
    mcugen_dsp_transform_rows(columns, target, position_words);
}

/* All channels of four tiles. */
MCUGEN_KERNEL void mcugen_dsp_transform_tiles(const struct mcugen_dsp_conv2d_params *params,
                                              const struct mcugen_dsp_tiles *tiles, mcugen_word *columns,
                                              mcugen_word *transformed, int32_t position_words)
{
    const int32_t whole = params->input_c / 4 * 4, behind = tiles->before + tiles->inside;
    /* What is outside is the same for all quads. */
    mcugen_dsp_transform_outside(columns, tiles->before, params->input_zero_point);
    mcugen_dsp_transform_outside(columns + behind, MCUGEN_DSP_TILE_COLUMNS - behind, params->input_zero_point);
    for (int32_t channel = 0; channel < whole; channel += 4) {
        mcugen_dsp_transform_quad(params, tiles, channel, 4, columns, transformed, position_words);
        transformed += 2 * MCUGEN_DSP_TILES;
    }
    if (params->input_c % 4 != 0) {
        mcugen_dsp_transform_quad(params, tiles, whole, params->input_c % 4, columns, transformed, position_words);
    }
}

/* One of the two channels that `products` are of, of up to four tiles. */
MCUGEN_KERNEL void mcugen_dsp_tiles_channel(const struct mcugen_dsp_conv2d_params *params, const mcugen_word *products,
                                            int32_t position_words, const struct mcugen_dsp_tile_channel *channel,
                                            int8_t *output, int32_t rows, int32_t columns,
                                            const struct mcugen_dsp_output *out)
{
    const int32_t step = params->output_c, row_bytes = params->output_w * step;
    for (int32_t tile = 0; tile < MCUGEN_DSP_TILES; tile++) {
        if (params->output_w % (2 * MCUGEN_DSP_TILES) != 0 && columns <= 0) {
            break;
        }
        const int32_t wide = params->output_w % 2 == 0 ? 2 : columns, high = params->output_h % 2 == 0 ? 2 : rows;
        mcugen_dsp_tile_outputs(products, position_words, output, row_bytes, step, high, wide, channel, out);
        products++;
        output += 2 * step;
        columns -= 2;
    }
}

/* Four tiles; `output` is where the first of them goes, `rows` and `columns` what is left of the image there. */
MCUGEN_KERNEL void mcugen_dsp_winograd_tiles(const struct mcugen_dsp_conv2d_params *params, mcugen_word *transformed,
                                             int32_t pairs, const mcugen_word *stream, int8_t *output, int32_t rows,
                                             int32_t columns, const struct mcugen_dsp_output *out)
{
    const int32_t position_words = mcugen_dsp_position_words(pairs);
    for (int32_t first = 0; first < params->output_c; first += 2) {
        stream = mcugen_dsp_tile_products(transformed, stream, pairs);
        const mcugen_word *products = transformed + pairs * MCUGEN_DSP_TILES;
        uint32_t exponents = stream[4];
        for (int32_t c = 0; c < 2; c++) {
            if (params->output_c % 2 != 0 && first + c == params->output_c) {
                break;
            }
            const struct mcugen_dsp_tile_channel channel = {stream[c], (int32_t)stream[2 + c],
                                                            mcugen_dsp_rounding_by_byte(exponents, out), exponents};
            mcugen_dsp_tiles_channel(params, products, position_words, &channel, output + first + c, rows, columns, out);
            products += MCUGEN_DSP_TILES;
            exponents >>= 8;
        }
        stream += 5;
    }
}

MCUGEN_KERNEL void mcugen_dsp_conv2d_winograd_s8(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                                 const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max, 0};
    const int32_t pairs = (params->input_c + 3) / 4 * 2, position_words = mcugen_dsp_position_words(pairs);
    mcugen_word *const transformed = scratch, *const columns = transformed + 16 * position_words;
    int8_t *const zero_points = (int8_t *)(columns + 8 * MCUGEN_DSP_TILE_COLUMNS);
    for (int32_t i = 0; i < MCUGEN_DSP_TILE_COLUMNS * params->input_c; i++) {
        zero_points[i] = (int8_t)params->input_zero_point;
    }
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
}
