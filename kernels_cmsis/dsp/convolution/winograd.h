/* Winograd's F(2x2, 3x3) in integers: a 3x3 convolution with stride 1, exact, with 2.25 times fewer multiplications.
 *
 * A tile of 2x2 outputs is made of 4x4 inputs d and the 3x3 weights g (Lavin and Gray, arXiv:1509.09308):
 *   A'[(G g G') * (B' d B)]A,   with G scaled by 2, so that all of it is integers and the result four times the sum.
 * Transformed inputs are within +-512 and transformed weights within +-1152: products of int16 pairs. Sums wrap modulo
 * 2**32 on the way; the packer proves that four times the result fits 32 bits.
 *
 * Four neighbouring tiles of a row are worked on at a time. `transformed` holds for each of the 16 positions of a tile
 * `pairs` times four words, a pair of channels of each tile in turn, then room for the products of two output channels and
 * four tiles, eight words. Pairs are the channels (0, 2) and (1, 3) of each quad. Positions go down the columns of a tile.
 */
#ifndef MCUGEN_DSP_WINOGRAD_H
#define MCUGEN_DSP_WINOGRAD_H

#include "dsp/requantize.h"

enum { MCUGEN_DSP_TILES = 4, MCUGEN_DSP_TILE_COLUMNS = 2 * MCUGEN_DSP_TILES + 2, MCUGEN_DSP_PRODUCTS = 8 };

/* Words from one position to the next. */
MCUGEN_KERNEL int32_t mcugen_dsp_position_words(int32_t pairs)
{
    return pairs * MCUGEN_DSP_TILES + MCUGEN_DSP_PRODUCTS;
}

/* `count` (a constant, 1 to 4) bytes of a word, the others 0. */
MCUGEN_KERNEL uint32_t mcugen_dsp_load_some(const int8_t *bytes, int count)
{
    uint32_t word = 0;
    memcpy(&word, bytes, (size_t)count);
    return word;
}

/* B' of one column of four inputs, a quad of channels: eight words, `MCUGEN_DSP_TILE_COLUMNS` apart. */
MCUGEN_KERNEL void mcugen_dsp_transform_column(mcugen_word *target, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
    enum { STEP = MCUGEN_DSP_TILE_COLUMNS };
    const uint32_t even1 = mcugen_sxtb16(w1), odd1 = mcugen_sxtb16_odd(w1);
    const uint32_t even2 = mcugen_sxtb16(w2), odd2 = mcugen_sxtb16_odd(w2);
    target[0 * STEP] = mcugen_subtract_halves(mcugen_sxtb16(w0), even2);
    target[1 * STEP] = mcugen_subtract_halves(mcugen_sxtb16_odd(w0), odd2);
    target[2 * STEP] = mcugen_add_halves(even1, even2);
    target[3 * STEP] = mcugen_add_halves(odd1, odd2);
    target[4 * STEP] = mcugen_subtract_halves(even2, even1);
    target[5 * STEP] = mcugen_subtract_halves(odd2, odd1);
    target[6 * STEP] = mcugen_subtract_halves(even1, mcugen_sxtb16(w3));
    target[7 * STEP] = mcugen_subtract_halves(odd1, mcugen_sxtb16_odd(w3));
}

/* The same of `count` columns that hold nothing but the zero point. */
MCUGEN_KERNEL void mcugen_dsp_transform_outside(mcugen_word *target, int32_t count, int32_t zero_point)
{
    const uint32_t pair = mcugen_pair(2 * zero_point, 2 * zero_point);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t row = 0; row < 8; row++) {
            target[row * MCUGEN_DSP_TILE_COLUMNS + i] = row / 2 == 1 ? pair : 0u;
        }
    }
}

/* B of the rows that `mcugen_dsp_transform_column` has made of a quad: two pairs of all positions of four tiles. */
MCUGEN_KERNEL void mcugen_dsp_transform_rows(const mcugen_word *source, mcugen_word *target, int32_t position_words)
{
    for (int32_t row = 0; row < 4; row++) {
#pragma GCC unroll 2
        for (int32_t pair = 0; pair < 2; pair++) {
            mcugen_word *to = target + pair * MCUGEN_DSP_TILES;
            uint32_t t0 = source[0], t1 = source[1];
#pragma GCC unroll 4
            for (int32_t tile = 0; tile < MCUGEN_DSP_TILES; tile++) {
                const uint32_t t2 = source[2 * tile + 2], t3 = source[2 * tile + 3];
                to[0 * position_words + tile] = mcugen_subtract_halves(t0, t2);
                to[4 * position_words + tile] = mcugen_add_halves(t1, t2);
                to[8 * position_words + tile] = mcugen_subtract_halves(t2, t1);
                to[12 * position_words + tile] = mcugen_subtract_halves(t1, t3);
                t0 = t2;
                t1 = t3;
            }
            source += MCUGEN_DSP_TILE_COLUMNS;
        }
        target += position_words;
    }
}

#if MCUGEN_DSP_ALL_REGISTERS
#if MCUGEN_WIDE_BUS
#define MCUGEN_DSP_TILE_LOADS(w0, w1, x0, x1)        \
    "ldrd r2, r3, [r1, #" w0 "]\n\t"                 \
    "ldrd r12, lr, [r0, #" x0 "]\n\t"
#else
/* Loads in a row overlap. */
#define MCUGEN_DSP_TILE_LOADS(w0, w1, x0, x1)        \
    "ldr r2, [r1, #" w0 "]\n\t"                      \
    "ldr r3, [r1, #" w1 "]\n\t"                      \
    "ldr r12, [r0, #" x0 "]\n\t"                     \
    "ldr lr, [r0, #" x1 "]\n\t"
#endif
/* A pair of four tiles and two output channels into r4 to r11. */
#define MCUGEN_DSP_TILE_STEP(w0, w1, x0, x1, x2)     \
    MCUGEN_DSP_TILE_LOADS(w0, w1, x0, x1)            \
    "smlad r4, r12, r2, r4\n\t"                      \
    "smlad r8, r12, r3, r8\n\t"                      \
    "smlad r5, lr, r2, r5\n\t"                       \
    "smlad r9, lr, r3, r9\n\t"                       \
    "ldrd r12, lr, [r0, #" x2 "]\n\t"                \
    "smlad r6, r12, r2, r6\n\t"                      \
    "smlad r10, r12, r3, r10\n\t"                    \
    "smlad r7, lr, r2, r7\n\t"                       \
    "smlad r11, lr, r3, r11\n\t"
/* The first pair of a position. */
#define MCUGEN_DSP_TILE_START(w0, w1, x0, x1, x2)    \
    MCUGEN_DSP_TILE_LOADS(w0, w1, x0, x1)            \
    "smuad r4, r12, r2\n\t"                          \
    "smuad r8, r12, r3\n\t"                          \
    "smuad r5, lr, r2\n\t"                           \
    "smuad r9, lr, r3\n\t"                           \
    "ldrd r12, lr, [r0, #" x2 "]\n\t"                \
    "smuad r6, r12, r2\n\t"                          \
    "smuad r10, r12, r3\n\t"                         \
    "smuad r7, lr, r2\n\t"                           \
    "smuad r11, lr, r3\n\t"
#define MCUGEN_DSP_TILE_REST2 MCUGEN_DSP_TILE_STEP("8", "12", "16", "20", "24")
#define MCUGEN_DSP_TILE_REST4                           \
    MCUGEN_DSP_TILE_REST2                               \
    MCUGEN_DSP_TILE_STEP("16", "20", "32", "36", "40")  \
    MCUGEN_DSP_TILE_STEP("24", "28", "48", "52", "56")
#define MCUGEN_DSP_TILE_REST8                              \
    MCUGEN_DSP_TILE_REST4                                  \
    MCUGEN_DSP_TILE_STEP("32", "36", "64", "68", "72")     \
    MCUGEN_DSP_TILE_STEP("40", "44", "80", "84", "88")     \
    MCUGEN_DSP_TILE_STEP("48", "52", "96", "100", "104")   \
    MCUGEN_DSP_TILE_STEP("56", "60", "112", "116", "120")
/* All positions in turns of some pairs; `rest` are those after the first. On the stack: the end of all positions, bytes of
 * a position's pairs, and their end. */
#define MCUGEN_DSP_TILE_LOOP(rest, x_bytes, w_bytes)                                            \
    __asm__ volatile("push {r2, r3}\n\t"                                                        \
                     "sub sp, sp, #8\n"                                                         \
                     "1:\n\t"                                                                   \
                     "ldr r2, [sp, #12]\n\t"                                                    \
                     "add r2, r2, r0\n\t"                                                       \
                     "str r2, [sp]\n\t"                                                         \
                     MCUGEN_DSP_TILE_START("0", "4", "0", "4", "8")                             \
                     "b 3f\n"                                                                   \
                     "2:\n\t"                                                                   \
                     MCUGEN_DSP_TILE_STEP("0", "4", "0", "4", "8")                              \
                     "3:\n\t"                                                                   \
                     rest                                                                       \
                     "ldr r2, [sp]\n\t"                                                         \
                     "add r0, r0, #" x_bytes "\n\t"                                             \
                     "add r1, r1, #" w_bytes "\n\t"                                             \
                     "cmp r0, r2\n\t"                                                           \
                     "bne 2b\n\t"                                                               \
                     "stm r0!, {r4-r11}\n\t"                                                    \
                     "ldr r2, [sp, #8]\n\t"                                                     \
                     "cmp r0, r2\n\t"                                                           \
                     "bne 1b\n\t"                                                               \
                     "add sp, sp, #16\n\t"                                                      \
                     : "+r"(x), "+r"(w), "+r"(end), "+r"(bytes)                                 \
                     :                                                                          \
                     : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
/* All positions, each in one turn. */
#define MCUGEN_DSP_TILE_ONCE(rest, x_bytes, w_bytes)                                            \
    __asm__ volatile("push {r2, r3}\n"                                                          \
                     "1:\n\t"                                                                   \
                     MCUGEN_DSP_TILE_START("0", "4", "0", "4", "8")                             \
                     rest                                                                       \
                     "add r0, r0, #" x_bytes "\n\t"                                             \
                     "add r1, r1, #" w_bytes "\n\t"                                             \
                     "stm r0!, {r4-r11}\n\t"                                                    \
                     "ldr r2, [sp]\n\t"                                                         \
                     "cmp r0, r2\n\t"                                                           \
                     "bne 1b\n\t"                                                               \
                     "add sp, sp, #8\n\t"                                                       \
                     : "+r"(x), "+r"(w), "+r"(end), "+r"(bytes)                                 \
                     :                                                                          \
                     : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
#define MCUGEN_DSP_TILE_CASE(number, rest, x_bytes, w_bytes)   \
    if (turn == (number) && pairs == (number)) {               \
        MCUGEN_DSP_TILE_ONCE(rest, x_bytes, w_bytes);          \
    } else if (turn == (number)) {                             \
        MCUGEN_DSP_TILE_LOOP(rest, x_bytes, w_bytes);          \
    }
#endif

/* Two output channels of four tiles: the products of each of `positions` positions behind its pairs. `weights` are two words
 * a pair. Returns the weights' end. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_tile_products(mcugen_word *transformed, const mcugen_word *weights,
                                                          int32_t pairs, int32_t positions)
{
    mcugen_word *const all = transformed + positions * mcugen_dsp_position_words(pairs);
#if MCUGEN_DSP_ALL_REGISTERS
    {
        /* Registers by name: GCC would not find a way to give them out at every option. */
        register mcugen_word *x __asm__("r0") = transformed;
        register const mcugen_word *w __asm__("r1") = weights;
        register const mcugen_word *end __asm__("r2") = all;
        register int32_t bytes __asm__("r3") = 16 * pairs;
        const int32_t turn = pairs % 8 == 0 ? 8 : pairs % 4 == 0 ? 4 : 2;
        MCUGEN_DSP_TILE_CASE(2, MCUGEN_DSP_TILE_REST2, "32", "16")
        MCUGEN_DSP_TILE_CASE(4, MCUGEN_DSP_TILE_REST4, "64", "32")
        MCUGEN_DSP_TILE_CASE(8, MCUGEN_DSP_TILE_REST8, "128", "64")
        return w;
    }
#endif
    while (transformed != all) {
        int32_t sums[MCUGEN_DSP_PRODUCTS] = {0};
        for (int32_t pair = 0; pair < pairs; pair++) {
            for (int32_t i = 0; i < MCUGEN_DSP_PRODUCTS; i++) {
                sums[i] = mcugen_smlad(transformed[i % 4], weights[i / 4], sums[i]);
            }
            transformed += 4;
            weights += 2;
        }
        for (int32_t i = 0; i < MCUGEN_DSP_PRODUCTS; i++) {
            *transformed++ = (uint32_t)sums[i];
        }
    }
    return weights;
}

/* One output channel: what is added to four times its sum, and its requantization. */
struct mcugen_dsp_tile_channel {
    uint32_t bias;
    int32_t multiplier, rounding;
    uint32_t exponent;
};

MCUGEN_KERNEL int8_t mcugen_dsp_tile_output(uint32_t sum, const struct mcugen_dsp_tile_channel *channel,
                                            const struct mcugen_dsp_output *out)
{
    const int32_t doubled = (int32_t)sum >> 1;
    return mcugen_dsp_requantize_by_byte(doubled, channel->multiplier, channel->exponent, channel->rounding, out);
}

/* A' and A of one tile, whose products lie `position_words` apart: four times its sums {top left, top right, bottom left,
 * bottom right}. */
MCUGEN_KERNEL void mcugen_dsp_tile_sums(const mcugen_word *products, int32_t position_words, uint32_t bias,
                                        uint32_t sums[4])
{
    uint32_t top[4], bottom[4];
    for (int j = 0; j < 4; j++) {
        const uint32_t m0 = products[0], m1 = products[position_words] + (j == 1 ? bias : 0u);
        const uint32_t m2 = products[2 * position_words], m3 = products[3 * position_words];
        top[j] = m0 + m1 + m2;
        bottom[j] = m1 - m2 - m3;
        products += 4 * position_words;
    }
    sums[0] = top[0] + top[1] + top[2];
    sums[1] = top[1] - top[2] - top[3];
    sums[2] = bottom[0] + bottom[1] + bottom[2];
    sums[3] = bottom[1] - bottom[2] - bottom[3];
}

/* The 2x2 outputs of one tile. `rows`, `columns`: how many of them are inside. */
MCUGEN_KERNEL void mcugen_dsp_tile_outputs(const mcugen_word *products, int32_t position_words, int8_t *output,
                                           int32_t row_bytes, int32_t step, int32_t rows, int32_t columns,
                                           const struct mcugen_dsp_tile_channel *channel,
                                           const struct mcugen_dsp_output *out)
{
    uint32_t sums[4];
    mcugen_dsp_tile_sums(products, position_words, channel->bias, sums);
    output[0] = mcugen_dsp_tile_output(sums[0], channel, out);
    if (columns > 1) {
        output[step] = mcugen_dsp_tile_output(sums[1], channel, out);
    }
    if (rows > 1) {
        output[row_bytes] = mcugen_dsp_tile_output(sums[2], channel, out);
        if (columns > 1) {
            output[row_bytes + step] = mcugen_dsp_tile_output(sums[3], channel, out);
        }
    }
}

#endif
