/* Four tiles of winograd.h in an image: their inputs gathered and transformed, their outputs written. */
#ifndef MCUGEN_DSP_WINOGRAD_TILES_H
#define MCUGEN_DSP_WINOGRAD_TILES_H

#include "dsp/convolution/conv2d.h"
#include "dsp/convolution/winograd.h"

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

#if MCUGEN_DSP_ALL_REGISTERS
/* Four products and A' of them. Loads in a row overlap. */
#define MCUGEN_DSP_TILES_COLUMN(top, bottom, more)      \
    "ldr " top ", [r0]\n\t"                             \
    "ldr " bottom ", [r0, %[s1]]\n\t"                   \
    "ldr r10, [r0, %[s2]]\n\t"                          \
    "ldr r11, [r0, %[s3]]\n\t"                          \
    more                                                \
    "add " top ", " top ", " bottom "\n\t"              \
    "add " top ", " top ", r10\n\t"                     \
    "sub " bottom ", " bottom ", r10\n\t"               \
    "sub " bottom ", " bottom ", r11\n\t"
#define MCUGEN_DSP_TILES_SCALE(sum) "smmlar " sum ", " sum ", r3, r4\n\t"
/* The same with negative ties rounded down. */
#define MCUGEN_DSP_TILES_SCALE_TIES(sum) "smmlar r10, " sum ", r3, r4\n\tadd " sum ", r10, " sum ", asr #31\n\t"
#define MCUGEN_DSP_TILES_OUTPUT(scale, sum, offset)     \
    "asr " sum ", " sum ", #1\n\t"                      \
    scale(sum)                                          \
    "asr " sum ", " sum ", r5\n\t"                      \
    "ssat " sum ", #8, " sum ", asr #1\n\t"             \
    "strb " sum ", [r1, " offset "]\n\t"
#define MCUGEN_DSP_TILES_FOUR(scale)                                                            \
    __asm__ volatile("sub sp, sp, #8\n\t"                                                       \
                     "str r12, [sp]\n"                                                          \
                     "1:\n\t"                                                                   \
                     MCUGEN_DSP_TILES_COLUMN("r6", "r8", )                                      \
                     "add r0, r0, %[s4]\n\t"                                                    \
                     MCUGEN_DSP_TILES_COLUMN("r7", "r9", "add r9, r9, r2\n\t")                  \
                     "add r6, r6, r7\n\t"                                                       \
                     "add r8, r8, r9\n\t"                                                       \
                     "add r0, r0, %[s4]\n\t"                                                    \
                     MCUGEN_DSP_TILES_COLUMN("r12", "lr", )                                     \
                     "add r6, r6, r12\n\t"                                                      \
                     "sub r7, r7, r12\n\t"                                                      \
                     "add r8, r8, lr\n\t"                                                       \
                     "sub r9, r9, lr\n\t"                                                       \
                     "add r0, r0, %[s4]\n\t"                                                    \
                     MCUGEN_DSP_TILES_COLUMN("r12", "lr", )                                     \
                     "sub r7, r7, r12\n\t"                                                      \
                     "sub r9, r9, lr\n\t"                                                       \
                     MCUGEN_DSP_TILES_OUTPUT(scale, "r6", "#0")                                 \
                     MCUGEN_DSP_TILES_OUTPUT(scale, "r7", "%[right]")                           \
                     MCUGEN_DSP_TILES_OUTPUT(scale, "r8", "%[below]")                           \
                     MCUGEN_DSP_TILES_OUTPUT(scale, "r9", "%[both]")                            \
                     "ldr r12, [sp]\n\t"                                                        \
                     "sub r0, r0, %[s4]\n\t"                                                    \
                     "sub r0, r0, %[s4]\n\t"                                                    \
                     "sub r0, r0, %[s4]\n\t"                                                    \
                     "add r0, r0, #4\n\t"                                                       \
                     "add r1, r1, %[next]\n\t"                                                  \
                     "cmp r0, r12\n\t"                                                          \
                     "bne 1b\n\t"                                                               \
                     "add sp, sp, #8\n\t"                                                       \
                     : "+r"(from), "+r"(to), "+r"(end)                                          \
                     : "r"(bias), "r"(multiplier), "r"(rounding), "r"(exponent),                \
                       [s1] "i"(4 * position_words), [s2] "i"(8 * position_words),              \
                       [s3] "i"(12 * position_words), [s4] "i"(16 * position_words),            \
                       [right] "i"(step), [below] "i"(row_bytes), [both] "i"(row_bytes + step), \
                       [next] "i"(2 * step)                                                     \
                     : "r6", "r7", "r8", "r9", "r10", "r11", "lr", "cc", "memory")

/* One channel of four whole tiles. Returns 0, with nothing done, when tiles may be cut off, offsets do not fit the
 * instructions, or there is another clamp than saturation. */
MCUGEN_KERNEL int mcugen_dsp_whole_tiles(const struct mcugen_dsp_conv2d_params *params, const mcugen_word *products,
                                         int32_t position_words, const struct mcugen_dsp_tile_channel *channel,
                                         int8_t *output, const struct mcugen_dsp_output *out)
{
    const int32_t step = params->output_c, row_bytes = params->output_w * step;
    if (!__builtin_constant_p(position_words) || !__builtin_constant_p(step) || !__builtin_constant_p(row_bytes) ||
        16 * position_words > 4095 || row_bytes + step > 4095 || params->output_w % (2 * MCUGEN_DSP_TILES) != 0 ||
        params->output_h % 2 != 0 || out->clamp_min != INT8_MIN || out->clamp_max != INT8_MAX) {
        return 0;
    }
    register const mcugen_word *from __asm__("r0") = products;
    register int8_t *to __asm__("r1") = output;
    register uint32_t bias __asm__("r2") = channel->bias;
    register int32_t multiplier __asm__("r3") = channel->multiplier, rounding __asm__("r4") = channel->rounding;
    register uint32_t exponent __asm__("r5") = channel->exponent;
    register const mcugen_word *end __asm__("r12") = products + MCUGEN_DSP_TILES;
    if (!mcugen_dsp_has_ties(out)) {
        MCUGEN_DSP_TILES_FOUR(MCUGEN_DSP_TILES_SCALE);
    } else {
        MCUGEN_DSP_TILES_FOUR(MCUGEN_DSP_TILES_SCALE_TIES);
    }
    return 1;
}
#endif

/* One of the two channels that `products` are of, of up to four tiles. */
MCUGEN_KERNEL void mcugen_dsp_tiles_channel(const struct mcugen_dsp_conv2d_params *params, const mcugen_word *products,
                                            int32_t position_words, const struct mcugen_dsp_tile_channel *channel,
                                            int8_t *output, int32_t rows, int32_t columns,
                                            const struct mcugen_dsp_output *out)
{
    const int32_t step = params->output_c, row_bytes = params->output_w * step;
#if MCUGEN_DSP_ALL_REGISTERS
    if (mcugen_dsp_whole_tiles(params, products, position_words, channel, output, out)) {
        return;
    }
#endif
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

/* Two output channels of four tiles from their products. `constants`: four times the bias of each, two multipliers, their
 * exponents; `output`: of the first channel and tile; `rows` and `columns`: what is left of the image there. */
MCUGEN_KERNEL void mcugen_dsp_tiles_two_channels(const struct mcugen_dsp_conv2d_params *params,
                                                 const mcugen_word *transformed, int32_t pairs,
                                                 const mcugen_word *constants, int32_t first, int8_t *output,
                                                 int32_t rows, int32_t columns, const struct mcugen_dsp_output *out)
{
    const int32_t position_words = mcugen_dsp_position_words(pairs);
    const mcugen_word *products = transformed + pairs * MCUGEN_DSP_TILES;
    uint32_t exponents = constants[4];
    for (int32_t c = 0; c < 2; c++) {
        if (params->output_c % 2 != 0 && first + c == params->output_c) {
            break;
        }
        const struct mcugen_dsp_tile_channel channel = {constants[c], (int32_t)constants[2 + c],
                                                        mcugen_dsp_rounding_by_byte(exponents, out), exponents};
        mcugen_dsp_tiles_channel(params, products, position_words, &channel, output + first + c, rows, columns, out);
        products += MCUGEN_DSP_TILES;
        exponents >>= 8;
    }
}

/* A row of zero points in place of rows outside. */
MCUGEN_KERNEL void mcugen_dsp_fill_zero_points(const struct mcugen_dsp_conv2d_params *params, int8_t *zero_points)
{
    for (int32_t i = 0; i < MCUGEN_DSP_TILE_COLUMNS * params->input_c; i++) {
        zero_points[i] = (int8_t)params->input_zero_point;
    }
}

#endif
