/* Four output channels in the nibbles of one half-word: a product with int4 weights that are hardly unpacked.
 *
 * A half-word of the stream is a + 16 * b + 256 * c + 4096 * d for the weights of four neighbouring channels at one input.
 * d is signed; a, b and c are 8 more than the weights, so that they are 0 to 15. SMLAD with parts of a word sums up
 *   all = sum(x * (a + 16 b + 256 c + 4096 d))  with the word as it is,
 *   outer = sum(x * (a + 256 c))                with every other nibble,
 *   pair = sum(x * (a + 16 b))                  with UXTB16 of the word,
 *   first = sum(x * a)                          with UXTB16 of every other nibble:
 * seven instructions for eight products. Differences of these are the sums of the channels; 8 * sum(x), which is the same
 * for all channels of a column, goes from those of a, b and c. All of it is modulo 2**32, so the sums of b, c and d must fit
 * 28, 24 and 20 bits, which the packer proves for each layer from its real weights (mcugen/kernels/dsp/nibbles.py).
 *
 * Activations are widened as in paired.h, two columns at a time. The weight stream holds for each block of channels
 *   for each four inputs one word each four channels of the inputs (0, 2) and one of the inputs (1, 3), bias[channels],
 *   multiplier[channels], shifts,
 * with one shift a byte of the last words. What is left over follows as a smaller block.
 */
#ifndef MCUGEN_DSP_NIBBLES_H
#define MCUGEN_DSP_NIBBLES_H

#include "dsp/gemm.h"

/* The sums of four channels and one column. */
struct mcugen_dsp_quartet {
    int32_t first, pair, outer, all;
};

/* One word of weights times one of activations. */
MCUGEN_KERNEL void mcugen_dsp_nibbles_accumulate(uint32_t x, uint32_t word, struct mcugen_dsp_quartet *sums)
{
    const uint32_t other = word & UINT32_C(0x0f0f0f0f);
    mcugen_accumulate(x, word, &sums->all);
    mcugen_accumulate(x, other, &sums->outer);
    mcugen_accumulate(x, mcugen_uxtb16(word), &sums->pair);
    mcugen_accumulate(x, mcugen_uxtb16(other), &sums->first);
}

/* The sum of channel `c` (a constant, 0 to 3) of four, without its bias; `offset`: 8 * sum(x). */
MCUGEN_KERNEL int32_t mcugen_dsp_nibbles_sum(const struct mcugen_dsp_quartet *sums, int c, int32_t offset)
{
    const uint32_t first = (uint32_t)sums->first, pair = (uint32_t)sums->pair, outer = (uint32_t)sums->outer;
    if (c == 3) {
        return (int32_t)((uint32_t)sums->all - pair - (outer - first)) >> 12;
    }
    const int32_t sum = c == 0 ? sums->first : c == 1 ? (int32_t)(pair - first) >> 4 : (int32_t)(outer - first) >> 8;
    return mcugen_wrapping_add(sum, -offset);
}

/* Writes channel `c` of a block of `channels`, both constants. `stream` is at the block's biases. */
MCUGEN_KERNEL int8_t mcugen_dsp_nibbles_output(const mcugen_word *stream, int c, int channels,
                                               const struct mcugen_dsp_quartet *sums, int32_t offset,
                                               const struct mcugen_dsp_output *out)
{
    const int32_t sum = mcugen_wrapping_add(mcugen_dsp_nibbles_sum(sums, c % 4, offset), (int32_t)stream[c]);
    const uint32_t shift = stream[2 * channels + c / 4] >> 8 * (c % 4) & 0xffu;
    return mcugen_dsp_requantize(sum, (int32_t)stream[channels + c], shift, out);
}

#if MCUGEN_DSP_ALL_REGISTERS
/* Registers by name, as in paired_steps.h: r0 activations, r1 weights, r2 to r9 the sums {first, pair, outer, all} of both
 * columns, the others inputs and weights. Two inputs of two columns and four channels: */
#define MCUGEN_DSP_NIBBLES_HALF              \
    "ldr r12, [r1], #4\n\t"                  \
    "ldrd r10, r11, [r0], #8\n\t"            \
    "and lr, r12, #0x0f0f0f0f\n\t"           \
    "smlad r5, r12, r10, r5\n\t"             \
    "smlad r9, r12, r11, r9\n\t"             \
    "uxtb16 r12, r12\n\t"                    \
    "smlad r4, lr, r10, r4\n\t"              \
    "smlad r8, lr, r11, r8\n\t"              \
    "uxtb16 lr, lr\n\t"                      \
    "smlad r3, r12, r10, r3\n\t"             \
    "smlad r7, r12, r11, r7\n\t"             \
    "smlad r2, lr, r10, r2\n\t"              \
    "smlad r6, lr, r11, r6\n\t"
#define MCUGEN_DSP_NIBBLES_QUAD MCUGEN_DSP_NIBBLES_HALF MCUGEN_DSP_NIBBLES_HALF

/* One column: r0 its bytes, r1 weights, r2 to r9 the sums of two times four channels, r12 and lr inputs. */
#define MCUGEN_DSP_NIBBLES_WORD(x, first, pair, outer, all) \
    "ldr r10, [r1], #4\n\t"                                 \
    "and r11, r10, #0x0f0f0f0f\n\t"                         \
    "smlad " all ", r10, " x ", " all "\n\t"                \
    "uxtb16 r10, r10\n\t"                                   \
    "smlad " outer ", r11, " x ", " outer "\n\t"            \
    "uxtb16 r11, r11\n\t"                                   \
    "smlad " pair ", r10, " x ", " pair "\n\t"              \
    "smlad " first ", r11, " x ", " first "\n\t"
#define MCUGEN_DSP_NIBBLES_EIGHT(x)                         \
    MCUGEN_DSP_NIBBLES_WORD(x, "r2", "r3", "r4", "r5")      \
    MCUGEN_DSP_NIBBLES_WORD(x, "r6", "r7", "r8", "r9")
#define MCUGEN_DSP_NIBBLES_VECTOR_QUAD                      \
    "ldr r12, [r0], #4\n\t"                                 \
    "sxtb16 lr, r12, ror #8\n\t"                            \
    "sxtb16 r12, r12\n\t"                                   \
    MCUGEN_DSP_NIBBLES_EIGHT("r12")                         \
    MCUGEN_DSP_NIBBLES_EIGHT("lr")

/* Steps, as they are or, with `turns`, until r0 is at the end: for that no register is left, it goes through r10 to the
 * stack. */
#define MCUGEN_DSP_NIBBLES_STEPS(text)                                                                               \
    __asm__ volatile(text                                                                                           \
                     : "+r"(x), "+r"(w), "+r"(first0), "+r"(pair0), "+r"(outer0), "+r"(all0), "+r"(first1),         \
                       "+r"(pair1), "+r"(outer1), "+r"(all1), "+r"(r10), "=r"(r11), "=r"(r12), "=r"(lr)              \
                     :                                                                                              \
                     : "cc", "memory")
#define MCUGEN_DSP_NIBBLES_TURNS(steps)                                                                              \
    MCUGEN_DSP_NIBBLES_STEPS("str r10, [sp, #-8]!\n1:\n\t" steps                                                     \
                             "ldr r10, [sp]\n\tcmp r0, r10\n\tbne 1b\n\tadd sp, sp, #8\n\t")

/* All words of inputs from `from` on, `quad_bytes` for each four inputs; the weights move on. `vector`: one column and two
 * times four channels instead of two columns. */
MCUGEN_KERNEL void mcugen_dsp_nibbles_assembly(const int8_t *from, int32_t quads, const mcugen_word **weights,
                                               int vector, struct mcugen_dsp_quartet sums[2])
{
    register const int8_t *x __asm__("r0") = from;
    register const mcugen_word *w __asm__("r1") = *weights;
    register int32_t first0 __asm__("r2") = 0, pair0 __asm__("r3") = 0, outer0 __asm__("r4") = 0, all0 __asm__("r5") = 0;
    register int32_t first1 __asm__("r6") = 0, pair1 __asm__("r7") = 0, outer1 __asm__("r8") = 0, all1 __asm__("r9") = 0;
#if defined(__OPTIMIZE_SIZE__)
    const int32_t turn = 1;
#else
    const int32_t turn = 4;
#endif
    register uint32_t r10 __asm__("r10") = (uint32_t)from + (uint32_t)(quads / turn * turn * (vector ? 4 : 16));
    register uint32_t r11 __asm__("r11"), r12 __asm__("r12"), lr __asm__("lr");
    if (vector) {
        if (turn == 1) {
            MCUGEN_DSP_NIBBLES_TURNS(MCUGEN_DSP_NIBBLES_VECTOR_QUAD);
        } else if (quads >= turn) {
            MCUGEN_DSP_NIBBLES_TURNS(MCUGEN_DSP_NIBBLES_VECTOR_QUAD MCUGEN_DSP_NIBBLES_VECTOR_QUAD
                                     MCUGEN_DSP_NIBBLES_VECTOR_QUAD MCUGEN_DSP_NIBBLES_VECTOR_QUAD);
        }
        if (quads % turn >= 2) {
            MCUGEN_DSP_NIBBLES_STEPS(MCUGEN_DSP_NIBBLES_VECTOR_QUAD MCUGEN_DSP_NIBBLES_VECTOR_QUAD);
        }
        if (quads % turn % 2 != 0) {
            MCUGEN_DSP_NIBBLES_STEPS(MCUGEN_DSP_NIBBLES_VECTOR_QUAD);
        }
    } else {
        if (turn == 1) {
            MCUGEN_DSP_NIBBLES_TURNS(MCUGEN_DSP_NIBBLES_QUAD);
        } else if (quads >= turn) {
            MCUGEN_DSP_NIBBLES_TURNS(MCUGEN_DSP_NIBBLES_QUAD MCUGEN_DSP_NIBBLES_QUAD
                                     MCUGEN_DSP_NIBBLES_QUAD MCUGEN_DSP_NIBBLES_QUAD);
        }
        if (quads % turn >= 2) {
            MCUGEN_DSP_NIBBLES_STEPS(MCUGEN_DSP_NIBBLES_QUAD MCUGEN_DSP_NIBBLES_QUAD);
        }
        if (quads % turn % 2 != 0) {
            MCUGEN_DSP_NIBBLES_STEPS(MCUGEN_DSP_NIBBLES_QUAD);
        }
    }
    *weights = w;
    sums[0] = (struct mcugen_dsp_quartet){first0, pair0, outer0, all0};
    sums[1] = (struct mcugen_dsp_quartet){first1, pair1, outer1, all1};
}
#endif

/* The sums of four channels of two columns of at least four inputs; the weights move on. */
MCUGEN_KERNEL void mcugen_dsp_nibbles_product(const mcugen_word *columns, int32_t quads, const mcugen_word **weights,
                                              struct mcugen_dsp_quartet sums[2])
{
#if MCUGEN_DSP_ALL_REGISTERS
    mcugen_dsp_nibbles_assembly((const int8_t *)columns, quads, weights, 0, sums);
#else
    sums[0] = sums[1] = (struct mcugen_dsp_quartet){0, 0, 0, 0};
    for (int32_t i = 0; i < 2 * quads; i++) {
        const uint32_t word = *(*weights)++;
        mcugen_dsp_nibbles_accumulate(columns[0], word, &sums[0]);
        mcugen_dsp_nibbles_accumulate(columns[1], word, &sums[1]);
        columns += 2;
    }
#endif
}

/* 8 * sum(x) of two columns. */
MCUGEN_KERNEL void mcugen_dsp_nibbles_offsets(const mcugen_word *columns, int32_t quads, int32_t offsets[2])
{
    offsets[0] = offsets[1] = 0;
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < 2 * quads; i++) {
        offsets[0] = mcugen_smlad(columns[0], UINT32_C(0x00080008), offsets[0]);
        offsets[1] = mcugen_smlad(columns[1], UINT32_C(0x00080008), offsets[1]);
        columns += 2;
    }
}

/* `channels` (a constant, 1 to 4) output channels of two columns; returns the stream's next block. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_nibbles_block(const mcugen_word *columns, int32_t quads,
                                                          const mcugen_word *stream, const int32_t offsets[2],
                                                          int8_t *output, int32_t output_stride, int channels,
                                                          const struct mcugen_dsp_output *out)
{
    struct mcugen_dsp_quartet sums[2];
    mcugen_dsp_nibbles_product(columns, quads, &stream, sums);
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        output[c] = mcugen_dsp_nibbles_output(stream, c, channels, &sums[0], offsets[0], out);
        output[output_stride + c] = mcugen_dsp_nibbles_output(stream, c, channels, &sums[1], offsets[1], out);
    }
    return stream + 2 * channels + 1;
}

/* All output channels of two interleaved columns; those of the second column are `output_stride` bytes behind. */
MCUGEN_SHARED void mcugen_dsp_nibbles_gemm(const mcugen_word *columns, int32_t quads, const mcugen_word *stream,
                                           int8_t *output, int32_t output_c, int32_t output_stride,
                                           const struct mcugen_dsp_output *out)
{
    int32_t offsets[2];
    mcugen_dsp_nibbles_offsets(columns, quads, offsets);
    const int8_t *blocks_end = output + (output_c & ~3);
    while (output != blocks_end) {
        stream = mcugen_dsp_nibbles_block(columns, quads, stream, offsets, output, output_stride, 4, out);
        output += 4;
    }
    if (output_c % 4 == 1) {
        (void)mcugen_dsp_nibbles_block(columns, quads, stream, offsets, output, output_stride, 1, out);
    } else if (output_c % 4 == 2) {
        (void)mcugen_dsp_nibbles_block(columns, quads, stream, offsets, output, output_stride, 2, out);
    } else if (output_c % 4 == 3) {
        (void)mcugen_dsp_nibbles_block(columns, quads, stream, offsets, output, output_stride, 3, out);
    }
}

/* Every row of `input` (depth bytes) gives a row of `output` (output_c bytes); two rows are read, then written. A last odd
 * row is both columns. */
MCUGEN_KERNEL void mcugen_dsp_nibbles_rows(const int8_t *input, int32_t rows, int32_t depth, const uint32_t *weights,
                                           int8_t *output, int32_t output_c, mcugen_word *columns,
                                           const struct mcugen_dsp_output *out)
{
    for (int32_t left = rows; left > 0; left -= 2) {
        const int32_t two = left >= 2;
        mcugen_dsp_widen(columns, input, depth, 2, 2);
        mcugen_dsp_widen(columns + 1, input + (two ? depth : 0), depth, 2, 2);
        mcugen_dsp_nibbles_gemm(columns, (depth + 3) / 4, weights, output, output_c, two ? output_c : 0, out);
        input += 2 * depth;
        output += 2 * output_c;
    }
}

#endif
