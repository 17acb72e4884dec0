/* The matrix product behind convolution and fully connected: a few columns of activations times all weights.
 *
 * A sum over 16 products of bytes is one instruction (VMLADAVA). Columns are whole vectors (chunks) of activations; what is
 * beyond a column's depth meets weight 0. Output channels come in blocks of 4, whose sums become the lanes of a vector
 * for requantization. The weight stream holds for each block
 *   bias[4], then for each chunk 16 weights of each channel in turn, multiplier[4], shift[4];
 * the channels that are left over follow as a smaller block, whose bias, multipliers and shifts are still 4.
 * The input zero point is folded into the bias.
 */
#ifndef MCUGEN_MVE_GEMM_H
#define MCUGEN_MVE_GEMM_H

#include "requantize.h"

enum { MCUGEN_MVE_CHANNELS = 4, MCUGEN_MVE_UNROLLED = 7 };

/* Words of memory that was, or will be, accessed as other types too. */
typedef int32_t __attribute__((may_alias)) mcugen_mve_word;

MCUGEN_KERNEL int8x16_t mcugen_mve_weights(const mcugen_mve_word **stream)
{
    const int8x16_t weights = vreinterpretq_s8_s32(vldrwq_s32((const int32_t *)*stream));
    *stream += 4;
    return weights;
}

/* The sums of one column and `channels` (a constant, at most 4) channels, bias included. */
MCUGEN_KERNEL int32x4_t mcugen_mve_sums(const int8_t *x, const mcugen_mve_word **stream, int32_t chunks, int channels)
{
    const mcugen_mve_word *w = *stream + 4;
    int32_t sum[MCUGEN_MVE_CHANNELS] = {0, 0, 0, 0};
    for (int32_t left = chunks; left > 0; left--) {
        const int8x16_t activations = vldrbq_s8(x);
        x += 16;
#pragma GCC unroll 4
        for (int c = 0; c < channels; c++) {
            sum[c] = vmladavaq_s8(sum[c], activations, mcugen_mve_weights(&w));
        }
    }
    const int32x4_t bias = vldrwq_s32((const int32_t *)*stream);
    *stream = w;
    return vaddq_s32(mcugen_mve_lanes(sum[0], sum[1], sum[2], sum[3]), bias);
}

#if MCUGEN_MVE_ALL_REGISTERS
#define MCUGEN_MVE_ONE_COLUMN               \
    "vldrw.32 q2, [%[w]], #16\n\t"          \
    "vmladava.s8 r0, q0, q2\n\t"            \
    "vldrw.32 q3, [%[w]], #16\n\t"          \
    "vmladava.s8 r2, q0, q3\n\t"            \
    "vldrw.32 q2, [%[w]], #16\n\t"          \
    "vmladava.s8 r4, q0, q2\n\t"            \
    "vldrw.32 q3, [%[w]], #16\n\t"          \
    "vmladava.s8 r6, q0, q3\n\t"
#define MCUGEN_MVE_TWO_COLUMNS              \
    "vldrw.32 q2, [%[w]], #16\n\t"          \
    "vmladava.s8 r0, q0, q2\n\t"            \
    "vmladava.s8 r8, q1, q2\n\t"            \
    "vldrw.32 q3, [%[w]], #16\n\t"          \
    "vmladava.s8 r2, q0, q3\n\t"            \
    "vmladava.s8 r10, q1, q3\n\t"           \
    "vldrw.32 q2, [%[w]], #16\n\t"          \
    "vmladava.s8 r4, q0, q2\n\t"            \
    "vmladava.s8 r12, q1, q2\n\t"           \
    "vldrw.32 q3, [%[w]], #16\n\t"          \
    "vmladava.s8 r6, q0, q3\n\t"            \
    "vmladava.s8 lr, q1, q3\n\t"
/* `times` (text of a constant) chunks, at offsets from x0 and x1. */
#define MCUGEN_MVE_AT_OFFSETS(times, load, chunk)       \
    ".set mcugen_at, 0\n\t"                             \
    ".rept " times "\n\t" load chunk                    \
    ".set mcugen_at, mcugen_at + 16\n\t"                \
    ".endr\n\t"
#define MCUGEN_MVE_LOAD_2                       \
    "vldrb.8 q0, [%[x0], #mcugen_at]\n\t"       \
    "vldrb.8 q1, [%[x1], #mcugen_at]\n\t"
#define MCUGEN_MVE_NEXT_2             \
    "vldrb.8 q0, [%[x0]], #16\n\t"    \
    "vldrb.8 q1, [%[x1]], #16\n\t"
#define MCUGEN_MVE_START_1              \
    "ldrd r0, r2, [%[w]]\n\t"           \
    "ldrd r4, r6, [%[w], #8]\n\t"       \
    "adds %[w], %[w], #16\n\t"
#define MCUGEN_MVE_START_2              \
    "ldrd r8, r10, [%[w]]\n\t"          \
    "ldrd r12, lr, [%[w], #8]\n\t"      \
    MCUGEN_MVE_START_1
#define MCUGEN_MVE_END_1                    \
    "vmov q0[2], q0[0], r0, r4\n\t"         \
    "vmov q0[3], q0[1], r2, r6\n\t"
#define MCUGEN_MVE_END_2                    \
    MCUGEN_MVE_END_1                        \
    "vmov q1[2], q1[0], r8, r12\n\t"        \
    "vmov q1[3], q1[1], r10, lr"
#define MCUGEN_MVE_CLOBBERS_1 "r0", "r2", "r4", "r6", "q2", "q3", "cc", "memory"
#define MCUGEN_MVE_CLOBBERS_2 "r8", "r10", "r12", "lr", MCUGEN_MVE_CLOBBERS_1
#endif

/* The sums of one column and four channels, bias included. */
MCUGEN_KERNEL int32x4_t mcugen_mve_sums_1(const int8_t *x, const mcugen_mve_word **stream, int32_t chunks)
{
#if MCUGEN_MVE_ALL_REGISTERS
    register int32x4_t q0 __asm__("q0");
    const mcugen_mve_word *w = *stream;
    if (__builtin_constant_p(chunks) && chunks <= MCUGEN_MVE_UNROLLED) {
        __asm__ volatile(MCUGEN_MVE_START_1
                         MCUGEN_MVE_AT_OFFSETS("%c[chunks]", "vldrb.8 q0, [%[x], #mcugen_at]\n\t",
                                               MCUGEN_MVE_ONE_COLUMN)
                         MCUGEN_MVE_END_1
                         : "=w"(q0), [w] "+r"(w)
                         : [x] "r"(x), [chunks] "i"(chunks)
                         : MCUGEN_MVE_CLOBBERS_1);
    } else if (__builtin_constant_p(chunks)) {
        __asm__ volatile("mov lr, %[turns]\n\t"
                         MCUGEN_MVE_START_1
                         ".rept %c[before]\n\t"
                         "vldrb.8 q0, [%[x]], #16\n\t"
                         MCUGEN_MVE_ONE_COLUMN
                         ".endr\n\t"
                         "dls lr, lr\n\t"
                         ".p2align 2\n"
                         "1:\n\t"
                         ".rept 4\n\t"
                         "vldrb.8 q0, [%[x]], #16\n\t"
                         MCUGEN_MVE_ONE_COLUMN
                         ".endr\n\t"
                         "le lr, 1b\n\t"
                         MCUGEN_MVE_END_1
                         : "=w"(q0), [w] "+r"(w), [x] "+r"(x)
                         : [turns] "rI"(chunks / 4), [before] "i"(chunks % 4)
                         : "lr", MCUGEN_MVE_CLOBBERS_1);
    } else {
        return mcugen_mve_sums(x, stream, chunks, MCUGEN_MVE_CHANNELS);
    }
    *stream = w;
    return q0;
#else
    return mcugen_mve_sums(x, stream, chunks, MCUGEN_MVE_CHANNELS);
#endif
}

/* The sums of two columns and four channels. */
MCUGEN_KERNEL void mcugen_mve_sums_2(const int8_t *x0, const int8_t *x1, const mcugen_mve_word **stream,
                                     int32_t chunks, int32x4_t *first, int32x4_t *second)
{
#if MCUGEN_MVE_ALL_REGISTERS
    register int32x4_t q0 __asm__("q0");
    register int32x4_t q1 __asm__("q1");
    const mcugen_mve_word *w = *stream;
    if (__builtin_constant_p(chunks) && chunks <= MCUGEN_MVE_UNROLLED) {
        __asm__ volatile(MCUGEN_MVE_START_2
                         MCUGEN_MVE_AT_OFFSETS("%c[chunks]", MCUGEN_MVE_LOAD_2, MCUGEN_MVE_TWO_COLUMNS)
                         MCUGEN_MVE_END_2
                         : "=w"(q0), "=w"(q1), [w] "+r"(w)
                         : [x0] "r"(x0), [x1] "r"(x1), [chunks] "i"(chunks)
                         : MCUGEN_MVE_CLOBBERS_2);
    } else if (__builtin_constant_p(chunks)) {
        int32_t turns = chunks / 4;
        __asm__ volatile(MCUGEN_MVE_START_2
                         ".rept %c[before]\n\t"
                         MCUGEN_MVE_NEXT_2
                         MCUGEN_MVE_TWO_COLUMNS
                         ".endr\n\t"
                         ".p2align 2\n"
                         "1:\n\t"
                         ".rept 4\n\t"
                         MCUGEN_MVE_NEXT_2
                         MCUGEN_MVE_TWO_COLUMNS
                         ".endr\n\t"
                         "subs %[turns], %[turns], #1\n\t"
                         "bne 1b\n\t"
                         MCUGEN_MVE_END_2
                         : "=w"(q0), "=w"(q1), [w] "+r"(w), [x0] "+r"(x0), [x1] "+r"(x1), [turns] "+r"(turns)
                         : [before] "i"(chunks % 4)
                         : MCUGEN_MVE_CLOBBERS_2);
    } else {
        int32_t turns = chunks;
        __asm__ volatile(MCUGEN_MVE_START_2
                         "1:\n\t"
                         MCUGEN_MVE_NEXT_2
                         MCUGEN_MVE_TWO_COLUMNS
                         "subs %[turns], %[turns], #1\n\t"
                         "bne 1b\n\t"
                         MCUGEN_MVE_END_2
                         : "=w"(q0), "=w"(q1), [w] "+r"(w), [x0] "+r"(x0), [x1] "+r"(x1), [turns] "+r"(turns)
                         :
                         : MCUGEN_MVE_CLOBBERS_2);
    }
    *stream = w;
    *first = q0;
    *second = q1;
#else
    const mcugen_mve_word *again = *stream;
    *first = mcugen_mve_sums(x0, &again, chunks, MCUGEN_MVE_CHANNELS);
    *second = mcugen_mve_sums(x1, stream, chunks, MCUGEN_MVE_CHANNELS);
#endif
}

/* Requantizes and stores what the stream says next; `channels` is a constant. */
MCUGEN_KERNEL void mcugen_mve_store(int32x4_t sums, const mcugen_mve_word *stream, int8_t *output, int channels,
                                    const struct mcugen_mve_output *out)
{
    const int32x4_t multiplier = vldrwq_s32((const int32_t *)stream);
    const int32x4_t shift = vldrwq_s32((const int32_t *)stream + 4);
    const int32x4_t result = mcugen_mve_requantize(sums, multiplier, shift, out);
    if (channels == MCUGEN_MVE_CHANNELS) {
        vstrbq_s32(output, result);
    } else {
        vstrbq_p_s32(output, result, vctp32q((uint32_t)channels));
    }
}

/* The same for four channels of two columns. */
MCUGEN_KERNEL void mcugen_mve_store_2(int32x4_t first, int32x4_t second, const mcugen_mve_word *stream, int8_t *output,
                                      int32_t output_c, const struct mcugen_mve_output *out)
{
    const int32x4_t multiplier = vldrwq_s32((const int32_t *)stream);
    const int32x4_t shift = vldrwq_s32((const int32_t *)stream + 4);
    first = mcugen_mve_requantize(first, multiplier, shift, out);
    second = mcugen_mve_requantize(second, multiplier, shift, out);
    vstrbq_s32(output, first);
    vstrbq_s32(output + output_c, second);
}

/* One column times `channels` channels. */
MCUGEN_KERNEL void mcugen_mve_gemm_1(const int8_t *x, const mcugen_mve_word *stream, int32_t chunks, int8_t *output,
                                     int32_t channels, const struct mcugen_mve_output *out)
{
    for (int32_t blocks = channels / 4; blocks > 0; blocks--) {
        const int32x4_t sums = mcugen_mve_sums_1(x, &stream, chunks);
        mcugen_mve_store(sums, stream, output, MCUGEN_MVE_CHANNELS, out);
        stream += 8;
        output += 4;
    }
    if (channels % 4 != 0) {
        const int32x4_t sums = mcugen_mve_sums(x, &stream, chunks, channels % 4);
        mcugen_mve_store(sums, stream, output, channels % 4, out);
    }
}

/* Two columns times `channels` channels; the second one's outputs lie `step` bytes behind the first one's. */
MCUGEN_KERNEL void mcugen_mve_gemm_2(const int8_t *x0, const int8_t *x1, const mcugen_mve_word *stream, int32_t chunks,
                                     int8_t *output, int32_t channels, int32_t step,
                                     const struct mcugen_mve_output *out)
{
    for (int32_t blocks = channels / 4; blocks > 0; blocks--) {
        int32x4_t first, second;
        mcugen_mve_sums_2(x0, x1, &stream, chunks, &first, &second);
        mcugen_mve_store_2(first, second, stream, output, step, out);
        stream += 8;
        output += 4;
    }
    if (channels % 4 != 0) {
        const mcugen_mve_word *again = stream;
        int32x4_t sums = mcugen_mve_sums(x0, &again, chunks, channels % 4);
        mcugen_mve_store(sums, again, output, channels % 4, out);
        sums = mcugen_mve_sums(x1, &stream, chunks, channels % 4);
        mcugen_mve_store(sums, stream, output + step, channels % 4, out);
    }
}

#endif
