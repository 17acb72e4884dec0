/* 3x3 convolution with stride 1 by winograd.h, with weights as small as the model's: they are transformed at run time, two
 * output channels at a time, for a band of rows of tiles. A band's inputs are read fully before its outputs are written.
 *
 * The weight stream holds for each two output channels: the nine taps of the first and of the second, a word for each quad
 * of inputs, tap by tap; then what conv2d_winograd_s8.c has behind its weights.
 * Scratch: the transformed tiles of a band, transformed weights, a quad of columns, and a row of zero points.
 */
#include "dsp/convolution/winograd_tiles.h"

/* Bytes that the transformed tiles of a band of several rows of tiles may have, together with half of input and output:
 * where those are large, memory is scarce. */
enum { MCUGEN_DSP_BAND_BYTES = 24576 };

/* Rows of tiles in a band: bands of about the same height, as few as the bytes allow. */
MCUGEN_KERNEL int32_t mcugen_dsp_band_tile_rows(const struct mcugen_dsp_conv2d_params *params, int32_t tiles_words)
{
    const int32_t blocks = (params->output_w + 2 * MCUGEN_DSP_TILES - 1) / (2 * MCUGEN_DSP_TILES);
    const int32_t around = params->input_h * params->input_w * params->input_c +
                           params->output_h * params->output_w * params->output_c;
    const int32_t left = MCUGEN_DSP_BAND_BYTES - around / 2;
    const int32_t rows = (params->output_h + 1) / 2, fit = left > 0 ? left / (4 * tiles_words * blocks) : 0;
    const int32_t bands = fit > 0 ? (rows + fit - 1) / fit : rows;
    return (rows + bands - 1) / bands;
}

/* G of three values, times two. */
MCUGEN_KERNEL void mcugen_dsp_transform_taps(uint32_t a, uint32_t b, uint32_t c, uint32_t result[4])
{
    const uint32_t sum = mcugen_add_halves(a, c);
    result[0] = mcugen_double_halves(a);
    result[1] = mcugen_add_halves(sum, b);
    result[2] = mcugen_subtract_halves(sum, b);
    result[3] = mcugen_double_halves(c);
}

/* G g G' of nine taps, positions `step` words apart. */
MCUGEN_KERNEL void mcugen_dsp_transform_filter(const uint32_t taps[9], mcugen_word *target, int32_t step)
{
    uint32_t columns[3][4];
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
        mcugen_dsp_transform_taps(taps[i], taps[3 + i], taps[6 + i], columns[i]);
    }
#pragma GCC unroll 4
    for (int row = 0; row < 4; row++) {
        uint32_t positions[4];
        mcugen_dsp_transform_taps(columns[0][row], columns[1][row], columns[2][row], positions);
#pragma GCC unroll 4
        for (int column = 0; column < 4; column++) {
            target[(4 * column + row) * step] = positions[column];
        }
    }
}

/* The weights of two output channels, two words a pair of inputs; returns what follows in the stream. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_transform_weights(const mcugen_word *stream, mcugen_word *weights,
                                                              int32_t pairs)
{
    for (int32_t c = 0; c < 2; c++) {
        mcugen_word *target = weights + c;
        for (int32_t pair = 0; pair < pairs; pair += 2) {
            uint32_t taps[9];
#pragma GCC unroll 9
            for (int i = 0; i < 9; i++) {
                taps[i] = mcugen_sxtb16(stream[i]);
            }
            mcugen_dsp_transform_filter(taps, target, 2 * pairs);
#pragma GCC unroll 9
            for (int i = 0; i < 9; i++) {
                taps[i] = mcugen_sxtb16_odd(stream[i]);
            }
            mcugen_dsp_transform_filter(taps, target + 2, 2 * pairs);
            stream += 9;
            target += 4;
        }
    }
    return stream;
}

MCUGEN_KERNEL void mcugen_dsp_conv2d_winograd_light_s8(const struct mcugen_dsp_conv2d_params *params,
                                                       const int8_t *input, const uint32_t *weights, int8_t *output,
                                                       void *scratch)
{
    const struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    const int32_t pairs = (params->input_c + 3) / 4 * 2, position_words = mcugen_dsp_position_words(pairs);
    const int32_t tiles_words = 16 * position_words, width = 2 * MCUGEN_DSP_TILES;
    const int32_t band = mcugen_dsp_band_tile_rows(params, tiles_words);
    const int32_t blocks = (params->output_w + width - 1) / width;
    mcugen_word *const transformed = scratch, *const own_weights = transformed + band * blocks * tiles_words;
    mcugen_word *const columns = own_weights + 32 * pairs;
    int8_t *const zero_points = (int8_t *)(columns + 8 * MCUGEN_DSP_TILE_COLUMNS);
    mcugen_dsp_fill_zero_points(params, zero_points);
    for (int32_t first_row = 0; first_row < params->output_h; first_row += 2 * band) {
        const int32_t end = first_row + 2 * band < params->output_h ? first_row + 2 * band : params->output_h;
        mcugen_word *target = transformed;
        for (int32_t y = first_row; y < end; y += 2) {
            for (int32_t x = 0; x < params->output_w; x += width) {
                const struct mcugen_dsp_tiles tiles =
                    mcugen_dsp_find_tiles(params, input, zero_points, y - params->pad_top, x - params->pad_left);
                mcugen_dsp_transform_tiles(params, &tiles, columns, target, position_words);
                target += tiles_words;
            }
        }
        const mcugen_word *stream = weights;
        for (int32_t first = 0; first < params->output_c; first += 2) {
            stream = mcugen_dsp_transform_weights(stream, own_weights, pairs);
            target = transformed;
            for (int32_t y = first_row; y < end; y += 2) {
                for (int32_t x = 0; x < params->output_w; x += width) {
                    (void)mcugen_dsp_tile_products(target, own_weights, pairs, 16);
                    mcugen_dsp_tiles_two_channels(params, target, pairs, stream, first,
                                                  output + (y * params->output_w + x) * params->output_c,
                                                  params->output_h - y, params->output_w - x, &out);
                    target += tiles_words;
                }
            }
            stream += 5;
        }
    }
    mcugen_dsp_clamp_bytes(output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                           params->clamp_max);
}
