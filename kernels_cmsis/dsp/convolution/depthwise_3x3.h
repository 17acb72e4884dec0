/* Rows of outputs of a depthwise 3x3 convolution with stride 1 or 2, from one channel's plane of int16. */
#ifndef MCUGEN_DSP_DEPTHWISE_3X3_H
#define MCUGEN_DSP_DEPTHWISE_3X3_H

#include "dsp/requantize.h"

/* One channel's constants and where its rows lie. */
struct mcugen_dsp_channel {
    int32_t bias, multiplier, rounding;
    uint32_t shift;
    int32_t plane_words; /* words from one plane row to the next */
    int32_t output_row, output_step; /* bytes from one output row and position to the next */
};

/* One row of a 3x3 kernel as pairs: (w0, w1) and (w1, w2). */
struct mcugen_dsp_row3 {
    uint32_t w01, w12;
};

/* A word of four bytes as the pairs (b0, b2) and (b1, b3). */
struct mcugen_dsp_taps4 {
    uint32_t even, odd;
};

MCUGEN_KERNEL struct mcugen_dsp_taps4 mcugen_dsp_doubled_taps(uint32_t even, uint32_t odd, int32_t doubled)
{
    const struct mcugen_dsp_taps4 taps = {doubled ? mcugen_double_halves(even) : even,
                                          doubled ? mcugen_double_halves(odd) : odd};
    return taps;
}

MCUGEN_KERNEL struct mcugen_dsp_taps4 mcugen_dsp_unpack_bytes(uint32_t bytes, int32_t doubled)
{
    return mcugen_dsp_doubled_taps(mcugen_sxtb16(bytes), mcugen_sxtb16_odd(bytes), doubled);
}

/* Of bytes that are 8 more than int4 weights. */
MCUGEN_KERNEL struct mcugen_dsp_taps4 mcugen_dsp_unpack_nibbles(uint32_t nibbles, int32_t doubled)
{
    const uint32_t bytes = nibbles & UINT32_C(0x0f0f0f0f), eights = UINT32_C(0x00080008);
    return mcugen_dsp_doubled_taps(mcugen_subtract_halves(mcugen_uxtb16(bytes), eights),
                                   mcugen_subtract_halves(mcugen_uxtb16(bytes >> 8), eights), doubled);
}

MCUGEN_KERNEL struct mcugen_dsp_row3 mcugen_dsp_unpack_row3(struct mcugen_dsp_taps4 taps)
{
    const struct mcugen_dsp_row3 row = {mcugen_pack_low_low(taps.even, taps.odd),
                                        mcugen_pack_low_high(taps.odd, taps.even)};
    return row;
}

/* Reads a channel of a 3x3 kernel from the stream; returns the next one. Of int4, rows 0 and 1 share a word. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_unpack_3x3(const mcugen_word *stream, struct mcugen_dsp_channel *channel,
                                                       struct mcugen_dsp_row3 weights[3], int32_t weight_bits,
                                                       const struct mcugen_dsp_output *out)
{
    const int32_t words = weight_bits == 8 ? 3 : 2, doubled = !out->general;
    channel->bias = (int32_t)stream[0];
    channel->shift = stream[1] >> 24;
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++) {
        weights[r] = mcugen_dsp_unpack_row3(
            weight_bits == 8 ? mcugen_dsp_unpack_bytes(stream[1 + r], doubled)
                             : mcugen_dsp_unpack_nibbles(stream[1 + r / 2] >> 4 * (r % 2), doubled));
    }
    channel->multiplier = (int32_t)stream[1 + words];
    return stream + 2 + words;
}

MCUGEN_KERNEL int8_t mcugen_dsp_depthwise_output(int32_t sum, const struct mcugen_dsp_channel *channel,
                                                 const struct mcugen_dsp_output *out)
{
    return mcugen_dsp_requantize_doubled(sum, channel->multiplier, channel->shift, channel->rounding, out);
}

/* The output whose taps start at an even element of the plane. */
MCUGEN_KERNEL int8_t mcugen_dsp_depthwise_3x3(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                              const struct mcugen_dsp_channel *channel,
                                              const struct mcugen_dsp_output *out)
{
    int32_t sum = channel->bias;
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++) {
        const mcugen_word *row = plane + r * channel->plane_words;
        sum = mcugen_smlad(row[0], weights[r].w01, sum);
        sum = mcugen_smlabt(row[1], weights[r].w12, sum);
    }
    return mcugen_dsp_depthwise_output(sum, channel, out);
}

#if MCUGEN_DSP_ALL_REGISTERS
#define MCUGEN_DSP_QUAD_ROW(left, right, w)               \
    "smlad " left ", %[x01], %[" w "01], " left "\n\t"    \
    "smlatb " right ", %[x01], %[" w "01], " right "\n\t" \
    "smlabt " left ", %[x23], %[" w "12], " left "\n\t"   \
    "smlad " right ", %[x23], %[" w "12], " right "\n\t"
#endif

/* Four outputs, stride 1: two columns of two rows share four plane rows. sum: {top left, top right, bottom left,
 * bottom right}. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_quad(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                             const struct mcugen_dsp_channel *channel, int32_t sum[4])
{
    sum[0] = sum[1] = sum[2] = sum[3] = channel->bias;
#if MCUGEN_DSP_ALL_REGISTERS
    /* LDRD reaches 1020 bytes. */
    if (__builtin_constant_p(channel->plane_words) && 12 * channel->plane_words <= 1020) {
        uint32_t x01, x23;
        __asm__ volatile("ldrd %[x01], %[x23], [%[plane]]\n\t"
                         MCUGEN_DSP_QUAD_ROW("%[s0]", "%[s1]", "a")
                         "ldrd %[x01], %[x23], [%[plane], %[row1]]\n\t"
                         MCUGEN_DSP_QUAD_ROW("%[s0]", "%[s1]", "b")
                         MCUGEN_DSP_QUAD_ROW("%[s2]", "%[s3]", "a")
                         "ldrd %[x01], %[x23], [%[plane], %[row2]]\n\t"
                         MCUGEN_DSP_QUAD_ROW("%[s0]", "%[s1]", "c")
                         MCUGEN_DSP_QUAD_ROW("%[s2]", "%[s3]", "b")
                         "ldrd %[x01], %[x23], [%[plane], %[row3]]\n\t"
                         MCUGEN_DSP_QUAD_ROW("%[s2]", "%[s3]", "c")
                         : [s0] "+r"(sum[0]), [s1] "+r"(sum[1]), [s2] "+r"(sum[2]), [s3] "+r"(sum[3]),
                           [x01] "=&r"(x01), [x23] "=&r"(x23)
                         : [plane] "r"(plane), [a01] "r"(weights[0].w01), [a12] "r"(weights[0].w12),
                           [b01] "r"(weights[1].w01), [b12] "r"(weights[1].w12), [c01] "r"(weights[2].w01),
                           [c12] "r"(weights[2].w12), [row1] "i"(4 * channel->plane_words),
                           [row2] "i"(8 * channel->plane_words), [row3] "i"(12 * channel->plane_words)
                         : "memory");
        return;
    }
#endif
    for (int r = 0; r < 4; r++) {
        const uint32_t x01 = plane[r * channel->plane_words], x23 = plane[r * channel->plane_words + 1];
        for (int bottom = 0; bottom < 2; bottom++) {
            if (r - bottom >= 0 && r - bottom < 3) {
                const struct mcugen_dsp_row3 w = weights[r - bottom];
                int32_t *left = &sum[2 * bottom], *right = &sum[2 * bottom + 1];
                *left = mcugen_smlabt(x23, w.w12, mcugen_smlad(x01, w.w01, *left));
                *right = mcugen_smlad(x23, w.w12, mcugen_smlatb(x01, w.w01, *right));
            }
        }
    }
}

#if MCUGEN_DSP_ALL_REGISTERS
#define MCUGEN_DSP_FOURS_SCALE(sum) "smmlar " sum ", " sum ", r12, lr\n\t"
/* The same with negative ties rounded down. */
#define MCUGEN_DSP_FOURS_SCALE_TIES(sum) "smmlar r7, " sum ", r12, lr\n\tadd " sum ", r7, " sum ", asr #31\n\t"
#define MCUGEN_DSP_FOURS_STORE(sum, offset)      \
    "asr " sum ", " sum ", r12\n\t"              \
    "ssat " sum ", #8, " sum "\n\t"              \
    "strb " sum ", [r1, " offset "]\n\t"

/* Sums of two columns of two rows, in r8 to r11. */
#define MCUGEN_DSP_FOURS_SQUARE                            \
    "ldrd %[x01], %[x23], [r0]\n\t"                        \
    MCUGEN_DSP_QUAD_ROW("r8", "r9", "a")                   \
    "ldrd %[x01], %[x23], [r0, %[row1]]\n\t"               \
    MCUGEN_DSP_QUAD_ROW("r8", "r9", "b")                   \
    MCUGEN_DSP_QUAD_ROW("r10", "r11", "a")                 \
    "ldrd %[x01], %[x23], [r0, %[row2]]\n\t"               \
    MCUGEN_DSP_QUAD_ROW("r8", "r9", "c")                   \
    MCUGEN_DSP_QUAD_ROW("r10", "r11", "b")                 \
    "ldrd %[x01], %[x23], [r0, %[row3]]\n\t"               \
    MCUGEN_DSP_QUAD_ROW("r10", "r11", "c")
/* What one row of the plane, at `at`, adds to four columns. */
#define MCUGEN_DSP_FOURS_PART1(at, w)                      \
    "ldrd %[x01], %[x23], [r0, #" at "]\n\t"               \
    MCUGEN_DSP_QUAD_ROW("r8", "r9", w)                     \
    "smlad r10, %[x23], %[" w "01], r10\n\t"               \
    "smlatb r11, %[x23], %[" w "01], r11\n\t"              \
    "ldr %[x01], [r0, #" at "+8]\n\t"                      \
    "smlabt r10, %[x01], %[" w "12], r10\n\t"              \
    "smlad r11, %[x01], %[" w "12], r11\n\t"
/* The same with stride 2. */
#define MCUGEN_DSP_FOURS_PART2(at, w)                      \
    "ldrd %[x01], %[x23], [r0, #" at "]\n\t"               \
    "smlad r8, %[x01], %[" w "01], r8\n\t"                 \
    "smlabt r8, %[x23], %[" w "12], r8\n\t"                \
    "smlad r9, %[x23], %[" w "01], r9\n\t"                 \
    "ldrd %[x01], %[x23], [r0, #" at "+8]\n\t"             \
    "smlabt r9, %[x01], %[" w "12], r9\n\t"                \
    "smlad r10, %[x01], %[" w "01], r10\n\t"               \
    "smlabt r10, %[x23], %[" w "12], r10\n\t"              \
    "smlad r11, %[x23], %[" w "01], r11\n\t"               \
    "ldr %[x01], [r0, #" at "+16]\n\t"                     \
    "smlabt r11, %[x01], %[" w "12], r11\n\t"
#define MCUGEN_DSP_FOURS_ROW(part) part("0", "a") part("%c[row1]", "b") part("%c[row2]", "c")

/* On the stack: four times the bias, multiplier, rounding, shift, the end of the fours, w12 of the last row. `advance`:
 * bytes of the plane from one four to the next. */
#define MCUGEN_DSP_FOURS(sums, scale, more, advance)                                                                 \
    __asm__ volatile("push {r7, lr}\n\t"                                                                            \
                     "push {r9-r12}\n\t"                                                                            \
                     "mov r9, r8\n\t"                                                                               \
                     "mov r10, r8\n\t"                                                                              \
                     "mov r11, r8\n\t"                                                                              \
                     "push {r8-r11}\n"                                                                              \
                     "1:\n\t"                                                                                       \
                     "ldm sp, {r8-r11}\n\t"                                                                         \
                     sums                                                                                           \
                     "ldrd r12, lr, [sp, #16]\n\t"                                                                  \
                     scale("r8") scale("r9") scale("r10") scale("r11")                                              \
                     "ldr r12, [sp, #24]\n\t"                                                                       \
                     MCUGEN_DSP_FOURS_STORE("r8", "#0")                                                             \
                     MCUGEN_DSP_FOURS_STORE("r9", "%[at1]")                                                         \
                     MCUGEN_DSP_FOURS_STORE("r10", "%[at2]")                                                        \
                     MCUGEN_DSP_FOURS_STORE("r11", "%[at3]")                                                        \
                     "ldr r12, [sp, #28]\n\t"                                                                       \
                     more                                                                                           \
                     "add r0, r0, #" advance "\n\t"                                                                 \
                     "add r1, r1, %[next]\n\t"                                                                      \
                     "cmp r0, r12\n\t"                                                                              \
                     "bne 1b\n\t"                                                                                   \
                     "add sp, sp, #40\n\t"                                                                          \
                     : "+r"(plane), "+r"(output), [c12] "+r"(c12), "+r"(bias), "+r"(multiplier), "+r"(rounding),    \
                       "+r"(shift), [x01] "+r"(x01), [x23] "=&r"(x23)                                               \
                     : [a01] "r"(a01), [a12] "r"(a12), [b01] "r"(b01), [b12] "r"(b12), [c01] "r"(c01),              \
                       [row1] "i"(4 * channel->plane_words), [row2] "i"(8 * channel->plane_words),                  \
                       [row3] "i"(12 * channel->plane_words), [at1] "i"(at1), [at2] "i"(at2), [at3] "i"(at3),       \
                       [next] "i"(next)                                                                             \
                     : "cc", "memory")
#define MCUGEN_DSP_FOURS_CASE(condition, sums, advance)                                         \
    if ((condition) && !mcugen_dsp_has_ties(out)) {                                     \
        MCUGEN_DSP_FOURS(sums, MCUGEN_DSP_FOURS_SCALE, , advance);                              \
    } else if (condition) {                                                                     \
        MCUGEN_DSP_FOURS(sums, MCUGEN_DSP_FOURS_SCALE_TIES, "ldr r7, [sp, #32]\n\t", advance);  \
    }

/* Outputs in fours up to `end`: two columns of `rows` = 2 rows with stride 1, or four columns of one with stride 1 or 2.
 * Weights, sums, inputs and pointers take all registers: GCC would move what is left from and to the stack many times.
 * Does nothing when offsets do not fit the instructions or there is another clamp than saturation. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_fours(const mcugen_word **from, const mcugen_word *end, int rows, int32_t stride,
                                              const struct mcugen_dsp_row3 *weights, int8_t **to,
                                              const struct mcugen_dsp_channel *channel,
                                              const struct mcugen_dsp_output *out)
{
    const int32_t step = channel->output_step;
    const int32_t at1 = step, at2 = rows == 2 ? channel->output_row : 2 * step, at3 = at2 + step;
    const int32_t next = rows == 2 ? 2 * step : 4 * step;
    if (*from == end || !__builtin_constant_p(channel->plane_words) || !__builtin_constant_p(at1) ||
        !__builtin_constant_p(at2) || 4 * (rows + 1) * channel->plane_words + 8 > 1020 || next > 4095 || at3 > 4095 ||
        out->general || out->clamp_min != INT8_MIN || out->clamp_max != INT8_MAX) {
        return;
    }
    register const mcugen_word *plane __asm__("r0") = *from;
    register int8_t *output __asm__("r1") = *to;
    register uint32_t a01 __asm__("r2") = weights[0].w01, a12 __asm__("r3") = weights[0].w12;
    register uint32_t b01 __asm__("r4") = weights[1].w01, b12 __asm__("r5") = weights[1].w12;
    register uint32_t c01 __asm__("r6") = weights[2].w01, c12 __asm__("r7") = weights[2].w12;
    register int32_t bias __asm__("r8") = channel->bias, multiplier __asm__("r9") = channel->multiplier;
    register int32_t rounding __asm__("r10") = channel->rounding;
    register uint32_t shift __asm__("r11") = channel->shift, x01 __asm__("r12") = (uint32_t)end, x23 __asm__("lr");
    MCUGEN_DSP_FOURS_CASE(rows == 2, MCUGEN_DSP_FOURS_SQUARE, "4")
    MCUGEN_DSP_FOURS_CASE(rows == 1 && stride == 1, MCUGEN_DSP_FOURS_ROW(MCUGEN_DSP_FOURS_PART1), "8")
    MCUGEN_DSP_FOURS_CASE(rows == 1 && stride == 2, MCUGEN_DSP_FOURS_ROW(MCUGEN_DSP_FOURS_PART2), "16")
    *from = end; /* where `plane` is, which GCC does not know */
    *to = output;
}
#endif

/* Two rows of outputs, stride 1. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_two_rows_3x3(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                                     int8_t *output, int32_t output_w,
                                                     const struct mcugen_dsp_channel *channel,
                                                     const struct mcugen_dsp_output *out)
{
    const int32_t step = channel->output_step, row = channel->output_row;
    const mcugen_word *quads_end = plane + output_w / 2;
#if MCUGEN_DSP_ALL_REGISTERS
    if (output_w >= 6) {
        mcugen_dsp_depthwise_fours(&plane, quads_end, 2, 1, weights, &output, channel, out);
    }
#endif
    while (plane != quads_end) {
        int32_t sum[4];
        mcugen_dsp_depthwise_quad(plane, weights, channel, sum);
        plane++;
        output[0] = mcugen_dsp_depthwise_output(sum[0], channel, out);
        output[step] = mcugen_dsp_depthwise_output(sum[1], channel, out);
        output[row] = mcugen_dsp_depthwise_output(sum[2], channel, out);
        output[row + step] = mcugen_dsp_depthwise_output(sum[3], channel, out);
        output += 2 * step;
    }
    if (output_w % 2 != 0) {
        output[0] = mcugen_dsp_depthwise_3x3(plane, weights, channel, out);
        output[row] = mcugen_dsp_depthwise_3x3(plane + channel->plane_words, weights, channel, out);
    }
}

/* One row of outputs, stride 1 or 2: two at a time share words of each plane row. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_row_3x3(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                                int8_t *output, int32_t output_w, int32_t stride,
                                                const struct mcugen_dsp_channel *channel,
                                                const struct mcugen_dsp_output *out)
{
    const mcugen_word *pairs_end = plane + output_w / 2 * stride;
#if MCUGEN_DSP_ALL_REGISTERS
    mcugen_dsp_depthwise_fours(&plane, plane + output_w / 4 * 2 * stride, 1, stride, weights, &output, channel, out);
#endif
    while (plane != pairs_end) {
        int32_t left = channel->bias, right = channel->bias;
#pragma GCC unroll 3
        for (int r = 0; r < 3; r++) {
            const mcugen_word *row = plane + r * channel->plane_words;
            const uint32_t x01 = row[0], x23 = row[1];
            left = mcugen_smlad(x01, weights[r].w01, left);
            left = mcugen_smlabt(x23, weights[r].w12, left);
            if (stride == 1) {
                right = mcugen_smlatb(x01, weights[r].w01, right);
                right = mcugen_smlad(x23, weights[r].w12, right);
            } else {
                right = mcugen_smlad(x23, weights[r].w01, right);
                right = mcugen_smlabt(row[2], weights[r].w12, right);
            }
        }
        plane += stride;
        output[0] = mcugen_dsp_depthwise_output(left, channel, out);
        output[channel->output_step] = mcugen_dsp_depthwise_output(right, channel, out);
        output += 2 * channel->output_step;
    }
    if (output_w % 2 != 0) {
        output[0] = mcugen_dsp_depthwise_3x3(plane, weights, channel, out);
    }
}

#endif
