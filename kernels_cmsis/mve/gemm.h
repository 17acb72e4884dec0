/* The matrix product behind convolution and fully connected: a few columns of activations times all weights.
 *
 * A sum over 16 products of bytes is one instruction (VMLADAVA). Columns are whole vectors (chunks) of activations; what is
 * beyond a column's depth meets weight 0. Output channels come in blocks of 4, whose sums become the lanes of a vector
 * for requantization. The weight stream holds for each block
 *   bias[4], then for each chunk 16 weights of each channel in turn, multiplier[4], shift[4];
 * the channels that are left over follow as a smaller block, whose bias, multipliers and shifts are still 4.
 * The input zero point is folded into the bias.
 *
 * Of int4 weights a vector has two channels: w0 in the high nibbles of its bytes and w1 + 8, 0 to 15, in the low ones. Bytes as
 * they are sum up x * (16 w0 + w1 + 8), and shifted right by four x * w0. Sixteen times the latter and 8 * sum(x), which is the
 * same for all channels of a column, are subtracted; with as many instructions as bytes take. The stream has bias[1] + 16 *
 * bias[0] and bias[3] + 16 * bias[2] in the odd places. All is modulo 2**32.
 *
 * Of int16 activations a chunk is eight, and so are its weights of each channel, which are int8.
 */
#ifndef MCUGEN_MVE_GEMM_H
#define MCUGEN_MVE_GEMM_H

#include "requantize.h"

enum { MCUGEN_MVE_CHANNELS = 4, MCUGEN_MVE_UNROLLED = 7 };

/* What is multiplied: the bits of the weights, or of activations that are not int8. */
enum { MCUGEN_MVE_INT4 = 4, MCUGEN_MVE_INT8 = 8, MCUGEN_MVE_INT16 = 16 };

/* Words of memory that was, or will be, accessed as other types too. */
typedef int32_t __attribute__((may_alias)) mcugen_mve_word;

MCUGEN_KERNEL int8x16_t mcugen_mve_weights(const mcugen_mve_word **stream)
{
    const int8x16_t weights = vreinterpretq_s8_s32(vldrwq_s32((const int32_t *)*stream));
    *stream += 4;
    return weights;
}

/* Words of weights that each chunk has for so many channels. */
MCUGEN_KERNEL int32_t mcugen_mve_chunk_words(int32_t channels, int32_t kind)
{
    return kind == MCUGEN_MVE_INT4 ? 4 * ((channels + 1) / 2) : kind == MCUGEN_MVE_INT16 ? 2 * channels : 4 * channels;
}

/* Words of the stream for so many channels. */
MCUGEN_KERNEL int32_t mcugen_mve_stream_words(int32_t channels, int32_t chunks, int32_t kind)
{
    return (channels + 3) / 4 * 12 + chunks * mcugen_mve_chunk_words(channels, kind);
}

/* What the sums of a column have too much with int4 weights: 8 * sum(x) in the odd lanes. */
MCUGEN_KERNEL int32x4_t mcugen_mve_surplus(const int8_t *x, int32_t chunks, int32_t kind)
{
    int32_t sum = 0;
    if (kind == MCUGEN_MVE_INT8) {
        return vdupq_n_s32(0);
    }
    for (; chunks > 0; chunks--) {
        sum = vaddvaq_s8(sum, vldrbq_s8(x));
        x += 16;
    }
    return mcugen_mve_lanes(0, 8 * sum, 0, 8 * sum);
}

/* The sums of one column and `channels` (a constant, at most 4) channels, bias included. */
MCUGEN_KERNEL int32x4_t mcugen_mve_sums(const int8_t *x, const mcugen_mve_word **stream, int32_t chunks, int channels,
                                        int kind)
{
    const mcugen_mve_word *w = *stream + 4;
    const int vectors = kind == MCUGEN_MVE_INT4 ? (channels + 1) / 2 : channels;
    int32_t sum[MCUGEN_MVE_CHANNELS] = {0, 0, 0, 0};
    for (int32_t left = chunks; left > 0; left--) {
        const int8x16_t activations = vldrbq_s8(x);
        x += 16;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            if (kind == MCUGEN_MVE_INT16) {
                sum[v] = vmladavaq_s16(sum[v], vreinterpretq_s16_s8(activations), vldrbq_s16((const int8_t *)w));
                w += 2;
                continue;
            }
            const int8x16_t weights = mcugen_mve_weights(&w);
            if (kind == MCUGEN_MVE_INT8) {
                sum[v] = vmladavaq_s8(sum[v], activations, weights);
            } else {
                sum[2 * v + 1] = vmladavaq_s8(sum[2 * v + 1], activations, weights);
                sum[2 * v] = vmladavaq_s8(sum[2 * v], activations, vshrq_n_s8(weights, 4));
            }
        }
    }
    const mcugen_mve_word *const bias = *stream;
    const int32x4_t sums =
        vaddq_s32(mcugen_mve_lanes(sum[0], sum[1], sum[2], sum[3]), vldrwq_s32((const int32_t *)bias));
    *stream = w;
    if (kind != MCUGEN_MVE_INT4) {
        return sums;
    }
    const uint32_t first = (uint32_t)sum[0] + (uint32_t)bias[0], third = (uint32_t)sum[2] + (uint32_t)bias[2];
    return vsubq_s32(sums, mcugen_mve_lanes(0, (int32_t)(first << 4), 0, (int32_t)(third << 4)));
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
#define MCUGEN_MVE_ONE_COLUMN_S4            \
    "vldrw.32 q2, [%[w]], #16\n\t"          \
    "vldrw.32 q3, [%[w]], #16\n\t"          \
    "vmladava.s8 r2, q0, q2\n\t"            \
    "vshr.s8 q2, q2, #4\n\t"                \
    "vmladava.s8 r6, q0, q3\n\t"            \
    "vshr.s8 q3, q3, #4\n\t"                \
    "vmladava.s8 r0, q0, q2\n\t"            \
    "vmladava.s8 r4, q0, q3\n\t"
#define MCUGEN_MVE_ONE_COLUMN_S16           \
    "vldrb.s16 q2, [%[w]], #8\n\t"          \
    "vmladava.s16 r0, q0, q2\n\t"           \
    "vldrb.s16 q3, [%[w]], #8\n\t"          \
    "vmladava.s16 r2, q0, q3\n\t"           \
    "vldrb.s16 q2, [%[w]], #8\n\t"          \
    "vmladava.s16 r4, q0, q2\n\t"           \
    "vldrb.s16 q3, [%[w]], #8\n\t"          \
    "vmladava.s16 r6, q0, q3\n\t"
#define MCUGEN_MVE_TWO_COLUMNS_S16          \
    "vldrb.s16 q2, [%[w]], #8\n\t"          \
    "vmladava.s16 r0, q0, q2\n\t"           \
    "vmladava.s16 r8, q1, q2\n\t"           \
    "vldrb.s16 q3, [%[w]], #8\n\t"          \
    "vmladava.s16 r2, q0, q3\n\t"           \
    "vmladava.s16 r10, q1, q3\n\t"          \
    "vldrb.s16 q2, [%[w]], #8\n\t"          \
    "vmladava.s16 r4, q0, q2\n\t"           \
    "vmladava.s16 r12, q1, q2\n\t"          \
    "vldrb.s16 q3, [%[w]], #8\n\t"          \
    "vmladava.s16 r6, q0, q3\n\t"           \
    "vmladava.s16 lr, q1, q3\n\t"
#define MCUGEN_MVE_TWO_COLUMNS_S4           \
    "vldrw.32 q2, [%[w]], #16\n\t"          \
    "vmladava.s8 r2, q0, q2\n\t"            \
    "vmladava.s8 r10, q1, q2\n\t"           \
    "vldrw.32 q3, [%[w]], #16\n\t"          \
    "vshr.s8 q2, q2, #4\n\t"                \
    "vmladava.s8 r6, q0, q3\n\t"            \
    "vmladava.s8 lr, q1, q3\n\t"            \
    "vshr.s8 q3, q3, #4\n\t"                \
    "vmladava.s8 r0, q0, q2\n\t"            \
    "vmladava.s8 r8, q1, q2\n\t"            \
    "vmladava.s8 r4, q0, q3\n\t"            \
    "vmladava.s8 r12, q1, q3\n\t"
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
#define MCUGEN_MVE_END_1_S4                 \
    "sub r2, r2, r0, lsl #4\n\t"            \
    "sub r6, r6, r4, lsl #4\n\t"            \
    MCUGEN_MVE_END_1
#define MCUGEN_MVE_END_2_S4                 \
    "sub r10, r10, r8, lsl #4\n\t"          \
    "sub lr, lr, r12, lsl #4\n\t"           \
    "sub r2, r2, r0, lsl #4\n\t"            \
    "sub r6, r6, r4, lsl #4\n\t"            \
    MCUGEN_MVE_END_2
#define MCUGEN_MVE_CLOBBERS_1 "r0", "r2", "r4", "r6", "q2", "q3", "cc", "memory"
#define MCUGEN_MVE_CLOBBERS_2 "r8", "r10", "r12", "lr", MCUGEN_MVE_CLOBBERS_1

/* Few chunks, then many: `chunk` is what is done with each, `end` what is done at last; `low`: "+l" where loads of weights
 * take a low register only. */
#define MCUGEN_MVE_FEW_1(chunk, end, low)                                                                       \
    __asm__ volatile(MCUGEN_MVE_START_1                                                                         \
                     MCUGEN_MVE_AT_OFFSETS("%c[chunks]", "vldrb.8 q0, [%[x], #mcugen_at]\n\t", chunk)          \
                     end                                                                                        \
                     : "=w"(q0), [w] low(w)                                                                    \
                     : [x] "r"(x), [chunks] "i"(chunks)                                                         \
                     : MCUGEN_MVE_CLOBBERS_1)
#define MCUGEN_MVE_MANY_1(chunk, end, low)                                                                      \
    __asm__ volatile("mov lr, %[turns]\n\t"                                                                     \
                     MCUGEN_MVE_START_1                                                                         \
                     ".rept %c[before]\n\t"                                                                     \
                     "vldrb.8 q0, [%[x]], #16\n\t" chunk                                                        \
                     ".endr\n\t"                                                                                \
                     "dls lr, lr\n\t"                                                                           \
                     ".p2align 2\n"                                                                             \
                     "1:\n\t"                                                                                   \
                     ".rept 4\n\t"                                                                              \
                     "vldrb.8 q0, [%[x]], #16\n\t" chunk                                                        \
                     ".endr\n\t"                                                                                \
                     "le lr, 1b\n\t"                                                                            \
                     end                                                                                        \
                     : "=w"(q0), [w] low(w), [x] "+r"(x)                                                       \
                     : [turns] "rI"(chunks / 4), [before] "i"(chunks % 4)                                       \
                     : "lr", MCUGEN_MVE_CLOBBERS_1)
#define MCUGEN_MVE_FEW_2(chunk, end, low)                                                                       \
    __asm__ volatile(MCUGEN_MVE_START_2                                                                         \
                     MCUGEN_MVE_AT_OFFSETS("%c[chunks]", MCUGEN_MVE_LOAD_2, chunk)                              \
                     end                                                                                        \
                     : "=w"(q0), "=w"(q1), [w] low(w)                                                          \
                     : [x0] "r"(x0), [x1] "r"(x1), [chunks] "i"(chunks)                                         \
                     : MCUGEN_MVE_CLOBBERS_2)
/* `times`: chunks of a turn, text; those of `before` come first. */
#define MCUGEN_MVE_MANY_2(before, times, chunk, end, low)                                                       \
    __asm__ volatile(MCUGEN_MVE_START_2                                                                         \
                     ".rept %c[first]\n\t"                                                                      \
                     MCUGEN_MVE_NEXT_2 chunk                                                                    \
                     ".endr\n\t"                                                                                \
                     ".p2align 2\n"                                                                             \
                     "1:\n\t"                                                                                   \
                     ".rept " times "\n\t"                                                                      \
                     MCUGEN_MVE_NEXT_2 chunk                                                                    \
                     ".endr\n\t"                                                                                \
                     "subs %[turns], %[turns], #1\n\t"                                                          \
                     "bne 1b\n\t"                                                                               \
                     end                                                                                        \
                     : "=w"(q0), "=w"(q1), [w] low(w), [x0] "+r"(x0), [x1] "+r"(x1), [turns] "+r"(turns)       \
                     : [first] "i"(before)                                                                      \
                     : MCUGEN_MVE_CLOBBERS_2)
#endif

/* The sums of one column and four channels, bias included. */
MCUGEN_KERNEL int32x4_t mcugen_mve_sums_1(const int8_t *x, const mcugen_mve_word **stream, int32_t chunks,
                                          int kind)
{
#if MCUGEN_MVE_ALL_REGISTERS
    if (__builtin_constant_p(chunks) && __builtin_constant_p(kind)) {
        register int32x4_t q0 __asm__("q0");
        const mcugen_mve_word *w = *stream;
        if (kind == MCUGEN_MVE_INT8 && chunks <= MCUGEN_MVE_UNROLLED) {
            MCUGEN_MVE_FEW_1(MCUGEN_MVE_ONE_COLUMN, MCUGEN_MVE_END_1, "+r");
        } else if (kind == MCUGEN_MVE_INT8) {
            MCUGEN_MVE_MANY_1(MCUGEN_MVE_ONE_COLUMN, MCUGEN_MVE_END_1, "+r");
        } else if (kind == MCUGEN_MVE_INT4 && chunks <= MCUGEN_MVE_UNROLLED) {
            MCUGEN_MVE_FEW_1(MCUGEN_MVE_ONE_COLUMN_S4, MCUGEN_MVE_END_1_S4, "+r");
        } else if (kind == MCUGEN_MVE_INT4) {
            MCUGEN_MVE_MANY_1(MCUGEN_MVE_ONE_COLUMN_S4, MCUGEN_MVE_END_1_S4, "+r");
        } else if (chunks <= MCUGEN_MVE_UNROLLED) {
            MCUGEN_MVE_FEW_1(MCUGEN_MVE_ONE_COLUMN_S16, MCUGEN_MVE_END_1, "+l");
        } else {
            MCUGEN_MVE_MANY_1(MCUGEN_MVE_ONE_COLUMN_S16, MCUGEN_MVE_END_1, "+l");
        }
        *stream = w;
        return q0;
    }
#endif
    return mcugen_mve_sums(x, stream, chunks, MCUGEN_MVE_CHANNELS, kind);
}

/* The sums of two columns and four channels. */
MCUGEN_KERNEL void mcugen_mve_sums_2(const int8_t *x0, const int8_t *x1, const mcugen_mve_word **stream,
                                     int32_t chunks, int kind, int32x4_t *first, int32x4_t *second)
{
#if MCUGEN_MVE_ALL_REGISTERS
    register int32x4_t q0 __asm__("q0");
    register int32x4_t q1 __asm__("q1");
    const mcugen_mve_word *w = *stream;
    const int known = __builtin_constant_p(chunks);
    int32_t turns = known ? chunks / 4 : chunks;
    if (known && chunks <= MCUGEN_MVE_UNROLLED) {
        if (kind == MCUGEN_MVE_INT8) {
            MCUGEN_MVE_FEW_2(MCUGEN_MVE_TWO_COLUMNS, MCUGEN_MVE_END_2, "+r");
        } else if (kind == MCUGEN_MVE_INT4) {
            MCUGEN_MVE_FEW_2(MCUGEN_MVE_TWO_COLUMNS_S4, MCUGEN_MVE_END_2_S4, "+r");
        } else {
            MCUGEN_MVE_FEW_2(MCUGEN_MVE_TWO_COLUMNS_S16, MCUGEN_MVE_END_2, "+l");
        }
    } else if (known) {
        if (kind == MCUGEN_MVE_INT8) {
            MCUGEN_MVE_MANY_2(chunks % 4, "4", MCUGEN_MVE_TWO_COLUMNS, MCUGEN_MVE_END_2, "+r");
        } else if (kind == MCUGEN_MVE_INT4) {
            MCUGEN_MVE_MANY_2(chunks % 4, "4", MCUGEN_MVE_TWO_COLUMNS_S4, MCUGEN_MVE_END_2_S4, "+r");
        } else {
            MCUGEN_MVE_MANY_2(chunks % 4, "4", MCUGEN_MVE_TWO_COLUMNS_S16, MCUGEN_MVE_END_2, "+l");
        }
    } else if (kind == MCUGEN_MVE_INT8) {
        MCUGEN_MVE_MANY_2(0, "1", MCUGEN_MVE_TWO_COLUMNS, MCUGEN_MVE_END_2, "+r");
    } else if (kind == MCUGEN_MVE_INT4) {
        MCUGEN_MVE_MANY_2(0, "1", MCUGEN_MVE_TWO_COLUMNS_S4, MCUGEN_MVE_END_2_S4, "+r");
    } else {
        MCUGEN_MVE_MANY_2(0, "1", MCUGEN_MVE_TWO_COLUMNS_S16, MCUGEN_MVE_END_2, "+l");
    }
    *stream = w;
    *first = q0;
    *second = q1;
#else
    const mcugen_mve_word *again = *stream;
    *first = mcugen_mve_sums(x0, &again, chunks, MCUGEN_MVE_CHANNELS, kind);
    *second = mcugen_mve_sums(x1, stream, chunks, MCUGEN_MVE_CHANNELS, kind);
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
                                     int32_t channels, int kind, const struct mcugen_mve_output *out)
{
    const int32x4_t surplus = mcugen_mve_surplus(x, chunks, kind);
    for (int32_t blocks = channels / 4; blocks > 0; blocks--) {
        int32x4_t sums = mcugen_mve_sums_1(x, &stream, chunks, kind);
        if (kind != MCUGEN_MVE_INT8) {
            sums = vsubq_s32(sums, surplus);
        }
        mcugen_mve_store(sums, stream, output, MCUGEN_MVE_CHANNELS, out);
        stream += 8;
        output += 4;
    }
    if (channels % 4 != 0) {
        const int32x4_t sums = mcugen_mve_sums(x, &stream, chunks, channels % 4, kind);
        mcugen_mve_store(kind == MCUGEN_MVE_INT8 ? sums : vsubq_s32(sums, surplus), stream, output, channels % 4, out);
    }
}

/* Two columns times `channels` channels; the second one's outputs lie `step` bytes behind the first one's. */
MCUGEN_KERNEL void mcugen_mve_gemm_2(const int8_t *x0, const int8_t *x1, const mcugen_mve_word *stream, int32_t chunks,
                                     int8_t *output, int32_t channels, int32_t step, int kind,
                                     const struct mcugen_mve_output *out)
{
    const int32x4_t surplus0 = mcugen_mve_surplus(x0, chunks, kind);
    const int32x4_t surplus1 = mcugen_mve_surplus(x1, chunks, kind);
    for (int32_t blocks = channels / 4; blocks > 0; blocks--) {
        int32x4_t first, second;
        mcugen_mve_sums_2(x0, x1, &stream, chunks, kind, &first, &second);
        if (kind != MCUGEN_MVE_INT8) {
            first = vsubq_s32(first, surplus0);
            second = vsubq_s32(second, surplus1);
        }
        mcugen_mve_store_2(first, second, stream, output, step, out);
        stream += 8;
        output += 4;
    }
    if (channels % 4 != 0) {
        const mcugen_mve_word *again = stream;
        int32x4_t sums = mcugen_mve_sums(x0, &again, chunks, channels % 4, kind);
        mcugen_mve_store(kind == MCUGEN_MVE_INT8 ? sums : vsubq_s32(sums, surplus0), again, output, channels % 4, out);
        sums = mcugen_mve_sums(x1, &stream, chunks, channels % 4, kind);
        mcugen_mve_store(kind == MCUGEN_MVE_INT8 ? sums : vsubq_s32(sums, surplus1), stream, output + step, channels % 4, out);
    }
}

#endif
