/* Convolution with three taps along the width and stride 1 there, by Winograd's F(2, 3) in integers: exact, with 1.5 times
 * fewer multiplications. Any number of rows of taps, any stride and dilation of rows, any dilation of columns.
 *
 * Two outputs, `dilation_w` apart, are made of four inputs d and three weights g (Lavin and Gray, arXiv:1509.09308):
 *   A'[(G g) * (B' d)],   with G scaled by 2, so that all of it is integers and the result twice the sum.
 * Transformed inputs are within +-256 and transformed weights within +-381. The packer proves that twice the sum fits 32
 * bits. Rows of taps are summed up before A'.
 *
 * Four tiles of two outputs are worked on at a time, laid out as in winograd.h with four positions; the pairs of a position
 * are those of all rows of taps, one row after the other. Their inputs are read fully before their outputs are written.
 *
 * The weight stream holds for each two output channels: the transformed weights of the four positions, two words a pair;
 * twice the bias, twice; two multipliers; a word with their exponents, less one. A second channel that is missing has
 * weights of 0.
 * Scratch: the transformed tiles, and ten columns of inputs with their borders.
 */
#include "dsp/convolution/im2col.h"
#include "dsp/convolution/winograd.h"

/* The ten columns of one row of taps that four tiles need. */
struct mcugen_dsp_row_columns {
    const int8_t *first;
    int32_t step; /* bytes from one column to the next */
};

/* Where the columns from (y, x) on lie; copied to `columns` with zero points around them unless they are inside the image. */
MCUGEN_KERNEL struct mcugen_dsp_row_columns mcugen_dsp_find_row(const struct mcugen_dsp_conv2d_params *params,
                                                                int8_t *columns, const int8_t *input, int32_t y,
                                                                int32_t x)
{
    enum { COLUMNS = MCUGEN_DSP_TILE_COLUMNS };
    const int32_t depth = params->input_c, step = params->dilation_w * depth;
    const int8_t *row = input + (y * params->input_w + x) * depth;
    const int inside = y >= 0 && y < params->input_h;
    if (inside && x >= 0 && x + (COLUMNS - 1) * params->dilation_w < params->input_w) {
        const struct mcugen_dsp_row_columns found = {row, step};
        return found;
    }
    mcugen_dsp_fill(columns, params->input_zero_point, COLUMNS * depth);
    if (inside) {
        const struct mcugen_dsp_taps taps =
            mcugen_dsp_taps_inside(x, COLUMNS, params->dilation_w, params->input_w);
        const int32_t run = params->dilation_w == 1 ? taps.end - taps.first : 1;
        for (int32_t i = taps.first; i < taps.end; i += run) {
            mcugen_dsp_copy(columns + i * depth, row + i * step, run * depth);
        }
    }
    const struct mcugen_dsp_row_columns made = {columns, depth};
    return made;
}

/* B' of a pair of channels of one tile. */
MCUGEN_KERNEL void mcugen_dsp_transform_four(mcugen_word *target, int32_t position_words, uint32_t d0, uint32_t d1,
                                             uint32_t d2, uint32_t d3)
{
    target[0 * position_words] = mcugen_subtract_halves(d0, d2);
    target[1 * position_words] = mcugen_add_halves(d1, d2);
    target[2 * position_words] = mcugen_subtract_halves(d2, d1);
    target[3 * position_words] = mcugen_subtract_halves(d1, d3);
}

/* `count` (a constant) channels of four tiles: two pairs of all positions. */
MCUGEN_KERNEL void mcugen_dsp_transform_row_quad(const int8_t *from, int32_t step, int count, mcugen_word *target,
                                                 int32_t position_words)
{
    uint32_t word0 = mcugen_dsp_load_some(from, count), word1 = mcugen_dsp_load_some(from + step, count);
    uint32_t even0 = mcugen_sxtb16(word0), odd0 = mcugen_sxtb16_odd(word0);
    uint32_t even1 = mcugen_sxtb16(word1), odd1 = mcugen_sxtb16_odd(word1);
    MCUGEN_UNROLL(4)
    for (int32_t tile = 0; tile < MCUGEN_DSP_TILES; tile++) {
        from += 2 * step;
        word0 = mcugen_dsp_load_some(from, count);
        word1 = mcugen_dsp_load_some(from + step, count);
        const uint32_t even2 = mcugen_sxtb16(word0), odd2 = mcugen_sxtb16_odd(word0);
        const uint32_t even3 = mcugen_sxtb16(word1), odd3 = mcugen_sxtb16_odd(word1);
        mcugen_dsp_transform_four(target + tile, position_words, even0, even1, even2, even3);
        mcugen_dsp_transform_four(target + MCUGEN_DSP_TILES + tile, position_words, odd0, odd1, odd2, odd3);
        even0 = even2;
        odd0 = odd2;
        even1 = even3;
        odd1 = odd3;
    }
}

/* All rows of taps and channels of the four tiles whose first tap is at (y, x) of the input. */
MCUGEN_KERNEL void mcugen_dsp_transform_row_tiles(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                                  int32_t y, int32_t x, int8_t *columns, mcugen_word *transformed,
                                                  int32_t position_words)
{
    const int32_t whole = params->input_c / 4 * 4;
    for (int32_t row = 0; row < params->kernel_h; row++) {
        const struct mcugen_dsp_row_columns found =
            mcugen_dsp_find_row(params, columns, input, y + row * params->dilation_h, x);
        for (int32_t channel = 0; channel < whole; channel += 4) {
            mcugen_dsp_transform_row_quad(found.first + channel, found.step, 4, transformed, position_words);
            transformed += 2 * MCUGEN_DSP_TILES;
        }
        if (params->input_c % 4 != 0) {
            mcugen_dsp_transform_row_quad(found.first + whole, found.step, params->input_c % 4, transformed,
                                          position_words);
            transformed += 2 * MCUGEN_DSP_TILES;
        }
    }
}

/* One output channel of four tiles from its products; `left` columns are left of the image there. */
MCUGEN_KERNEL void mcugen_dsp_row_channel(const mcugen_word *products, int32_t position_words,
                                          const struct mcugen_dsp_tile_channel *channel, int8_t *output, int32_t step,
                                          int32_t left, const struct mcugen_dsp_output *out)
{
    for (int32_t tile = 0; tile < MCUGEN_DSP_TILES && left > 0; tile++) {
        const uint32_t m0 = products[0], m1 = products[position_words] + channel->bias;
        const uint32_t m2 = products[2 * position_words], m3 = products[3 * position_words];
        output[0] = mcugen_dsp_requantize_by_byte((int32_t)(m0 + m1 + m2), channel->multiplier, channel->exponent,
                                                  channel->rounding, out);
        if (left > 1) {
            output[step] = mcugen_dsp_requantize_by_byte((int32_t)(m1 - m2 - m3), channel->multiplier,
                                                         channel->exponent, channel->rounding, out);
        }
        products++;
        output += 2 * step;
        left -= 2;
    }
}

/* All output channels of four tiles; `output`: of the first channel and tile. */
MCUGEN_KERNEL void mcugen_dsp_row_outputs(const struct mcugen_dsp_conv2d_params *params, mcugen_word *transformed,
                                          int32_t pairs, const mcugen_word *stream, int8_t *output, int32_t left,
                                          const struct mcugen_dsp_output *out)
{
    const int32_t position_words = mcugen_dsp_position_words(pairs), step = params->dilation_w * params->output_c;
    for (int32_t first = 0; first < params->output_c; first += 2) {
        stream = mcugen_dsp_tile_products(transformed, stream, pairs, 4);
        uint32_t exponents = stream[4];
        for (int32_t c = 0; c < 2 && first + c < params->output_c; c++) {
            const struct mcugen_dsp_tile_channel channel = {stream[c], (int32_t)stream[2 + c],
                                                            mcugen_dsp_rounding_by_byte(exponents, out), exponents};
            mcugen_dsp_row_channel(transformed + (pairs + c) * MCUGEN_DSP_TILES, position_words, &channel,
                                   output + first + c, step, left, out);
            exponents >>= 8;
        }
        stream += 5;
    }
}

MCUGEN_KERNEL void mcugen_dsp_conv2d_winograd_row_s8(const struct mcugen_dsp_conv2d_params *params,
                                                     const int8_t *input, const uint32_t *weights, int8_t *output,
                                                     void *scratch)
{
    const struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    const int32_t pairs = params->kernel_h * ((params->input_c + 3) / 4 * 2), dilation = params->dilation_w;
    const int32_t position_words = mcugen_dsp_position_words(pairs), width = 2 * MCUGEN_DSP_TILES * dilation;
    mcugen_word *const transformed = scratch;
    int8_t *const columns = (int8_t *)(transformed + 4 * position_words);
    for (int32_t y = 0; y < params->output_h; y++) {
        for (int32_t first = 0; first < params->output_w; first += width) {
            /* Outputs that are `dilation` apart share inputs. */
            for (int32_t x = first; x < first + dilation && x < params->output_w; x++) {
                mcugen_dsp_transform_row_tiles(params, input, y * params->stride_h - params->pad_top,
                                               x - params->pad_left, columns, transformed, position_words);
                mcugen_dsp_row_outputs(params, transformed, pairs, weights,
                                       output + (y * params->output_w + x) * params->output_c,
                                       (params->output_w - x + dilation - 1) / dilation, &out);
            }
        }
    }
    mcugen_dsp_clamp_bytes(output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                           params->clamp_max);
}
