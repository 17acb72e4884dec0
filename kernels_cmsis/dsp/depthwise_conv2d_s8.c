/* Depthwise convolution, one output channel at a time: its input plane is gathered into int16 rows with borders of the
 * input zero point, and pairs of neighbours are multiplied at once.
 *
 * A plane that is too tall is worked on in bands of output rows; rows that the next band needs again are kept, so no
 * input byte is read after an output of the same channel may have overwritten it.
 *
 * The weight stream holds for each channel: bias, weights, multiplier and, for kernels other than 3x3, the shift.
 * 3x3: three words (w0, w1, w2, spare) of bytes; the first spare byte is the shift.
 * Others: kernel_h * ceil(kernel_w / 4) words (w0, w2, w1, w3) of bytes, missing ones 0.
 * Products are doubled (weights here, bias by the packer) for the fast form of requantization.
 */
#include "requantize.h"

/* dilation is packed into the kernel as zero taps; kernel_h and kernel_w count them.
 * plane_w: int16 elements of a row of the scratch plane, even; gathered_w: input columns that the outputs need;
 * band_rows: output rows worked on at a time; *_row, *_step: bytes from one row or column to the next. Rows may be the columns
 * of the images: whichever is faster. */
struct mcugen_dsp_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t plane_w, gathered_w, band_rows;
    int32_t input_row, input_step, output_row, output_step;
};

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

/* The kernels with code of their own. */
MCUGEN_KERNEL int32_t mcugen_dsp_is_3x3(const struct mcugen_dsp_depthwise_params *params)
{
    return params->kernel_h == 3 && params->kernel_w == 3 && params->stride_w <= 2;
}

MCUGEN_KERNEL struct mcugen_dsp_row3 mcugen_dsp_unpack_row3(uint32_t bytes, int32_t doubled)
{
    uint32_t even = mcugen_sxtb16(bytes), odd = mcugen_sxtb16_odd(bytes);
    if (doubled) {
        even = mcugen_double_halves(even);
        odd = mcugen_double_halves(odd);
    }
    const struct mcugen_dsp_row3 row = {mcugen_pack_low_low(even, odd), mcugen_pack_low_high(odd, even)};
    return row;
}

/* Reads a channel of a 3x3 kernel from the stream; returns the next one. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_unpack_3x3(const mcugen_word *stream, struct mcugen_dsp_channel *channel,
                                                       struct mcugen_dsp_row3 weights[3],
                                                       const struct mcugen_dsp_output *out)
{
    channel->bias = (int32_t)stream[0];
    channel->shift = stream[1] >> 24;
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++) {
        weights[r] = mcugen_dsp_unpack_row3(stream[1 + r], !out->general);
    }
    channel->multiplier = (int32_t)stream[4];
    return stream + 5;
}

/* Reads a channel of any other kernel, its weights as kernel_h rows of int16 pairs; returns the next one. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_unpack_taps(const mcugen_word *stream, struct mcugen_dsp_channel *channel,
                                                        mcugen_word *taps,
                                                        const struct mcugen_dsp_depthwise_params *params,
                                                        const struct mcugen_dsp_output *out)
{
    const int32_t pairs = (params->kernel_w + 1) / 2;
    channel->bias = (int32_t)*stream++;
    for (int32_t r = 0; r < params->kernel_h; r++) {
        for (int32_t i = 0; i < pairs; i += 2) {
            const uint32_t bytes = *stream++;
            const uint32_t first = mcugen_sxtb16(bytes), second = mcugen_sxtb16_odd(bytes);
            *taps++ = out->general ? first : mcugen_double_halves(first);
            if (i + 1 < pairs) {
                *taps++ = out->general ? second : mcugen_double_halves(second);
            }
        }
    }
    channel->multiplier = (int32_t)stream[0];
    channel->shift = stream[1] & 0xffu;
    return stream + 2;
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

/* One row of outputs, stride 1 or 2: two at a time share words of each plane row. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_row_3x3(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                                int8_t *output, int32_t output_w, int32_t stride,
                                                const struct mcugen_dsp_channel *channel,
                                                const struct mcugen_dsp_output *out)
{
    const mcugen_word *pairs_end = plane + output_w / 2 * stride;
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
#define MCUGEN_DSP_QUADS_SCALE(sum) "smmlar " sum ", " sum ", r12, lr\n\t"
/* The same with negative ties rounded down. */
#define MCUGEN_DSP_QUADS_SCALE_TIES(sum) "smmlar r7, " sum ", r12, lr\n\tadd " sum ", r7, " sum ", asr #31\n\t"
#define MCUGEN_DSP_QUADS_STORE(sum, offset)      \
    "asr " sum ", " sum ", r12\n\t"              \
    "ssat " sum ", #8, " sum "\n\t"              \
    "strb " sum ", [r1, " offset "]\n\t"

/* On the stack: four times the bias, multiplier, rounding, shift, the end of the quads, w12 of the last row. */
#define MCUGEN_DSP_QUADS(scale, more)                                                                                \
    __asm__ volatile("push {r7, lr}\n\t"                                                                            \
                     "push {r9-r12}\n\t"                                                                            \
                     "mov r9, r8\n\t"                                                                               \
                     "mov r10, r8\n\t"                                                                              \
                     "mov r11, r8\n\t"                                                                              \
                     "push {r8-r11}\n"                                                                              \
                     "1:\n\t"                                                                                       \
                     "ldm sp, {r8-r11}\n\t"                                                                         \
                     "ldrd %[x01], %[x23], [r0]\n\t"                                                                \
                     MCUGEN_DSP_QUAD_ROW("r8", "r9", "a")                                                           \
                     "ldrd %[x01], %[x23], [r0, %[row1]]\n\t"                                                       \
                     MCUGEN_DSP_QUAD_ROW("r8", "r9", "b")                                                           \
                     MCUGEN_DSP_QUAD_ROW("r10", "r11", "a")                                                         \
                     "ldrd %[x01], %[x23], [r0, %[row2]]\n\t"                                                       \
                     MCUGEN_DSP_QUAD_ROW("r8", "r9", "c")                                                           \
                     MCUGEN_DSP_QUAD_ROW("r10", "r11", "b")                                                         \
                     "ldrd %[x01], %[x23], [r0, %[row3]]\n\t"                                                       \
                     MCUGEN_DSP_QUAD_ROW("r10", "r11", "c")                                                         \
                     "ldrd r12, lr, [sp, #16]\n\t"                                                                  \
                     scale("r8") scale("r9") scale("r10") scale("r11")                                              \
                     "ldr r12, [sp, #24]\n\t"                                                                       \
                     MCUGEN_DSP_QUADS_STORE("r8", "#0")                                                             \
                     MCUGEN_DSP_QUADS_STORE("r9", "%[right]")                                                       \
                     MCUGEN_DSP_QUADS_STORE("r10", "%[below]")                                                      \
                     MCUGEN_DSP_QUADS_STORE("r11", "%[both]")                                                       \
                     "ldr r12, [sp, #28]\n\t"                                                                       \
                     more                                                                                           \
                     "add r0, r0, #4\n\t"                                                                           \
                     "add r1, r1, %[next]\n\t"                                                                      \
                     "cmp r0, r12\n\t"                                                                              \
                     "bne 1b\n\t"                                                                                   \
                     "add sp, sp, #40\n\t"                                                                          \
                     : "+r"(plane), "+r"(output), [c12] "+r"(c12), "+r"(bias), "+r"(multiplier), "+r"(rounding),    \
                       "+r"(shift), [x01] "+r"(x01), [x23] "=&r"(x23)                                               \
                     : [a01] "r"(a01), [a12] "r"(a12), [b01] "r"(b01), [b12] "r"(b12), [c01] "r"(c01),              \
                       [row1] "i"(4 * channel->plane_words), [row2] "i"(8 * channel->plane_words),                  \
                       [row3] "i"(12 * channel->plane_words), [right] "i"(channel->output_step),                    \
                       [below] "i"(channel->output_row), [both] "i"(channel->output_row + channel->output_step),    \
                       [next] "i"(2 * channel->output_step)                                                         \
                     : "cc", "memory")

/* All quads of two rows. Weights, sums, inputs and pointers take all registers: GCC would move what is left from and to the
 * stack many times. Returns 0, with nothing done, when offsets do not fit the instructions or there is another clamp than
 * saturation. */
MCUGEN_KERNEL int mcugen_dsp_depthwise_quads(const mcugen_word **from, const mcugen_word *end,
                                             const struct mcugen_dsp_row3 *weights, int8_t **to,
                                             const struct mcugen_dsp_channel *channel,
                                             const struct mcugen_dsp_output *out)
{
    if (!__builtin_constant_p(channel->plane_words) || !__builtin_constant_p(channel->output_step) ||
        !__builtin_constant_p(channel->output_row) || 12 * channel->plane_words > 1020 ||
        2 * channel->output_step > 4095 || channel->output_row + channel->output_step > 4095 || out->general ||
        out->clamp_min != INT8_MIN || out->clamp_max != INT8_MAX) {
        return 0;
    }
    register const mcugen_word *plane __asm__("r0") = *from;
    register int8_t *output __asm__("r1") = *to;
    register uint32_t a01 __asm__("r2") = weights[0].w01, a12 __asm__("r3") = weights[0].w12;
    register uint32_t b01 __asm__("r4") = weights[1].w01, b12 __asm__("r5") = weights[1].w12;
    register uint32_t c01 __asm__("r6") = weights[2].w01, c12 __asm__("r7") = weights[2].w12;
    register int32_t bias __asm__("r8") = channel->bias, multiplier __asm__("r9") = channel->multiplier;
    register int32_t rounding __asm__("r10") = channel->rounding;
    register uint32_t shift __asm__("r11") = channel->shift, x01 __asm__("r12") = (uint32_t)end, x23 __asm__("lr");
    if (out->clamp_min >= out->zero_point) {
        MCUGEN_DSP_QUADS(MCUGEN_DSP_QUADS_SCALE, );
    } else {
        MCUGEN_DSP_QUADS(MCUGEN_DSP_QUADS_SCALE_TIES, "ldr r7, [sp, #32]\n\t");
    }
    *from = plane;
    *to = output;
    return 1;
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
        (void)mcugen_dsp_depthwise_quads(&plane, quads_end, weights, &output, channel, out);
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

/* `outputs` (1 or 2) neighbours of any kernel, `stride` elements apart; `weights` are kernel_h rows of int16 pairs. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_any(const mcugen_half *plane, const mcugen_word *weights, int32_t kernel_h,
                                            int32_t pairs, int32_t stride, int outputs, int8_t *output,
                                            const struct mcugen_dsp_channel *channel,
                                            const struct mcugen_dsp_output *out)
{
    int32_t left = channel->bias, right = channel->bias;
    for (int32_t r = 0; r < kernel_h; r++) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < pairs; i++) {
            const uint32_t taps = *weights++;
            left = mcugen_smlad(mcugen_load_word((const int8_t *)(plane + 2 * i)), taps, left);
            if (outputs == 2) {
                right = mcugen_smlad(mcugen_load_word((const int8_t *)(plane + 2 * i + stride)), taps, right);
            }
        }
        plane += 2 * channel->plane_words;
    }
    output[0] = mcugen_dsp_depthwise_output(left, channel, out);
    if (outputs == 2) {
        output[channel->output_step] = mcugen_dsp_depthwise_output(right, channel, out);
    }
}

/* One row of outputs of any kernel. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_row(const mcugen_half *plane, const mcugen_word *weights, int8_t *output,
                                            const struct mcugen_dsp_depthwise_params *params,
                                            const struct mcugen_dsp_channel *channel,
                                            const struct mcugen_dsp_output *out)
{
    const int32_t pairs = (params->kernel_w + 1) / 2, stride = params->stride_w;
    for (int32_t x = 0; x + 1 < params->output_w; x += 2) {
        mcugen_dsp_depthwise_any(plane, weights, params->kernel_h, pairs, stride, 2, output, channel, out);
        plane += 2 * stride;
        output += 2 * channel->output_step;
    }
    if (params->output_w % 2 != 0) {
        mcugen_dsp_depthwise_any(plane, weights, params->kernel_h, pairs, stride, 1, output, channel, out);
    }
}

/* Fills plane rows [from, to) with the input rows that start at row `y`, rows outside with the zero point. The borders
 * of every row hold the zero point already; `clean` rows do too. */
MCUGEN_KERNEL void mcugen_dsp_gather_plane(const struct mcugen_dsp_depthwise_params *params, mcugen_half *plane,
                                           const int8_t *input, int32_t from, int32_t to, int32_t y, int32_t clean)
{
    plane += from * params->plane_w + params->pad_left;
    for (int32_t r = from; r < to; r++, y++) {
        if (y >= 0 && y < params->input_h) {
            const int8_t *row = input + y * params->input_row;
#pragma GCC unroll 16
            for (int32_t x = 0; x < params->gathered_w; x++) {
                plane[x] = row[x * params->input_step];
            }
        } else if (!clean) {
            for (int32_t x = 0; x < params->gathered_w; x++) {
                plane[x] = (mcugen_half)params->input_zero_point;
            }
        }
        plane += params->plane_w;
    }
}

/* The output rows [0, rows) of one band. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_band(const struct mcugen_dsp_depthwise_params *params, const mcugen_half *plane,
                                             const mcugen_word *taps, const struct mcugen_dsp_row3 *weights3,
                                             int8_t *output, int32_t rows, const struct mcugen_dsp_channel *channel,
                                             const struct mcugen_dsp_output *out)
{
    int32_t r = 0;
    if (mcugen_dsp_is_3x3(params) && params->stride_h == 1 && params->stride_w == 1) {
        for (; r + 1 < rows; r += 2) {
            mcugen_dsp_depthwise_two_rows_3x3((const mcugen_word *)plane, weights3, output, params->output_w, channel,
                                              out);
            plane += 2 * params->plane_w;
            output += 2 * channel->output_row;
        }
    }
    for (; r < rows; r++) {
        if (mcugen_dsp_is_3x3(params)) {
            mcugen_dsp_depthwise_row_3x3((const mcugen_word *)plane, weights3, output, params->output_w,
                                         params->stride_w, channel, out);
        } else {
            mcugen_dsp_depthwise_row(plane, taps, output, params, channel, out);
        }
        plane += params->stride_h * params->plane_w;
        output += channel->output_row;
    }
}

/* All output rows of one channel; `plane` holds one band's input rows. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_channel(const struct mcugen_dsp_depthwise_params *params, mcugen_half *plane,
                                                const mcugen_word *taps, const struct mcugen_dsp_row3 *weights3,
                                                const int8_t *input, int8_t *output,
                                                const struct mcugen_dsp_channel *channel,
                                                const struct mcugen_dsp_output *out)
{
    const int32_t band = params->band_rows;
    const int32_t advance = band * params->stride_h, plane_h = advance - params->stride_h + params->kernel_h;
    const int32_t single = band == params->output_h;
    int32_t kept = 0;
    for (int32_t done = 0; done < params->output_h; done += band) {
        int32_t rows = single || params->output_h - done >= band ? band : params->output_h - done;
        mcugen_dsp_gather_plane(params, plane, input, kept, plane_h, done * params->stride_h - params->pad_top + kept,
                                single);
        mcugen_dsp_depthwise_band(params, plane, taps, weights3, output, rows, channel, out);
        output += band * channel->output_row;
        if (!single && plane_h > advance) {
            kept = plane_h - advance;
            mcugen_word *words = (mcugen_word *)plane;
            for (int32_t i = 0; i < kept * channel->plane_words; i++) {
                words[i] = words[advance * channel->plane_words + i];
            }
        }
    }
}

MCUGEN_KERNEL void mcugen_dsp_depthwise_conv2d_s8(const struct mcugen_dsp_depthwise_params *params, const int8_t *input,
                                                  const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization};
    const int32_t multiplier = params->output_c / params->input_c;
    const int32_t plane_h = (params->band_rows - 1) * params->stride_h + params->kernel_h;
    const mcugen_word *stream = weights;
    mcugen_half *plane = scratch;
    mcugen_word *taps = (mcugen_word *)scratch + plane_h * params->plane_w / 2;
    for (int32_t i = 0; i < plane_h * params->plane_w; i++) {
        plane[i] = (mcugen_half)params->input_zero_point;
    }
    for (int32_t c = 0; c < params->output_c; c++) {
        struct mcugen_dsp_channel channel = {.plane_words = params->plane_w / 2,
                                             .output_row = params->output_row,
                                             .output_step = params->output_step};
        struct mcugen_dsp_row3 weights3[3] = {{0, 0}, {0, 0}, {0, 0}};
        if (mcugen_dsp_is_3x3(params)) {
            stream = mcugen_dsp_unpack_3x3(stream, &channel, weights3, &out);
        } else {
            stream = mcugen_dsp_unpack_taps(stream, &channel, taps, params, &out);
        }
        channel.rounding = out.general ? 0 : mcugen_dsp_rounding(channel.shift, &out);
        mcugen_dsp_depthwise_channel(params, plane, taps, weights3, input + c / multiplier, output + c, &channel, &out);
    }
}
