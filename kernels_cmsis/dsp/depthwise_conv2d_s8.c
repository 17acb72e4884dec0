/* Depthwise convolution, one output channel at a time: its input plane is gathered into int16 rows with borders of the
 * input zero point, and pairs of neighbours are multiplied at once.
 *
 * A plane that is too tall is worked on in bands of output rows; rows that the next band needs again are kept, so no
 * input byte is read after an output of the same channel may have overwritten it.
 *
 * The weight stream holds for each channel: bias, weights, multiplier and, for kernels other than 3x3, the shift.
 * 3x3: three words (w0, w1, w2, spare) of bytes; the first spare byte is the shift.
 * Others: kernel_h * ceil(kernel_w / 4) words (w0, w2, w1, w3) of bytes, missing ones 0.
 */
#include "requantize.h"

/* One channel's constants and where its rows lie. */
struct mcugen_dsp_channel {
    int32_t bias, multiplier;
    uint32_t shift;
    int32_t plane_words;  /* words from one plane row to the next */
    int32_t output_step;  /* bytes from one output position to the next */
};

/* One row of a 3x3 kernel as pairs: (w0, w1) and (w1, w2). */
struct mcugen_dsp_row3 {
    uint32_t w01, w12;
};

MCUGEN_KERNEL struct mcugen_dsp_row3 mcugen_dsp_unpack_row3(uint32_t bytes)
{
    const uint32_t even = mcugen_sxtb16(bytes), odd = mcugen_sxtb16_odd(bytes);
    const struct mcugen_dsp_row3 row = {mcugen_pack_low_low(even, odd), mcugen_pack_low_high(odd, even)};
    return row;
}

/* One row of outputs, stride 1: two at a time share the words (x0, x1), (x2, x3) of each plane row. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_3x3_stride1(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                                    int8_t *output, int32_t output_w,
                                                    const struct mcugen_dsp_channel *channel,
                                                    const struct mcugen_dsp_output *out)
{
    const mcugen_word *pairs_end = plane + output_w / 2;
    while (plane != pairs_end) {
        int32_t left = channel->bias, right = channel->bias;
#pragma GCC unroll 3
        for (int r = 0; r < 3; r++) {
            const uint32_t x01 = plane[r * channel->plane_words], x23 = plane[r * channel->plane_words + 1];
            left = mcugen_smlad(x01, weights[r].w01, left);
            left = mcugen_smlabt(x23, weights[r].w12, left);
            right = mcugen_smlatb(x01, weights[r].w01, right);
            right = mcugen_smlad(x23, weights[r].w12, right);
        }
        plane++;
        output[0] = mcugen_dsp_requantize(left, channel->multiplier, channel->shift, out);
        output[channel->output_step] = mcugen_dsp_requantize(right, channel->multiplier, channel->shift, out);
        output += 2 * channel->output_step;
    }
    if (output_w % 2 != 0) {
        int32_t sum = channel->bias;
#pragma GCC unroll 3
        for (int r = 0; r < 3; r++) {
            const uint32_t x01 = plane[r * channel->plane_words], x23 = plane[r * channel->plane_words + 1];
            sum = mcugen_smlad(x01, weights[r].w01, sum);
            sum = mcugen_smlabt(x23, weights[r].w12, sum);
        }
        output[0] = mcugen_dsp_requantize(sum, channel->multiplier, channel->shift, out);
    }
}

/* One row of outputs, stride 2: each output needs (x0, x1), (x2, -), and the next one starts at x2. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_3x3_stride2(const mcugen_word *plane, const struct mcugen_dsp_row3 *weights,
                                                    int8_t *output, int32_t output_w,
                                                    const struct mcugen_dsp_channel *channel,
                                                    const struct mcugen_dsp_output *out)
{
    const mcugen_word *row_end = plane + output_w;
    while (plane != row_end) {
        int32_t sum = channel->bias;
#pragma GCC unroll 3
        for (int r = 0; r < 3; r++) {
            const uint32_t x01 = plane[r * channel->plane_words], x23 = plane[r * channel->plane_words + 1];
            sum = mcugen_smlad(x01, weights[r].w01, sum);
            sum = mcugen_smlabt(x23, weights[r].w12, sum);
        }
        plane++;
        output[0] = mcugen_dsp_requantize(sum, channel->multiplier, channel->shift, out);
        output += channel->output_step;
    }
}

/* One output of any kernel: `weights` are kernel_h rows of int16 pairs. */
MCUGEN_KERNEL int32_t mcugen_dsp_depthwise_sum(const mcugen_half *plane, const mcugen_word *weights, int32_t kernel_h,
                                               int32_t pairs, const struct mcugen_dsp_channel *channel)
{
    int32_t sum = channel->bias;
    for (int32_t r = 0; r < kernel_h; r++) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < pairs; i++) {
            sum = mcugen_smlad(mcugen_load_word((const int8_t *)(plane + 2 * i)), *weights++, sum);
        }
        plane += 2 * channel->plane_words;
    }
    return sum;
}

/* Fills plane rows [from, to) with the input rows that start at row `y`, rows outside with the zero point. The borders
 * of every row hold the zero point already; `clean` rows do too. */
MCUGEN_KERNEL void mcugen_dsp_gather_plane(const struct mcugen_dsp_depthwise_params *params, mcugen_half *plane,
                                           const int8_t *input, int32_t from, int32_t to, int32_t y, int32_t clean)
{
    plane += from * params->plane_w + params->pad_left;
    for (int32_t r = from; r < to; r++, y++) {
        if (y >= 0 && y < params->input_h) {
            const int8_t *row = input + y * params->input_w * params->input_c;
#pragma GCC unroll 4
            for (int32_t x = 0; x < params->gathered_w; x++) {
                plane[x] = row[x * params->input_c];
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
    const int32_t is_3x3 = params->kernel_h == 3 && params->kernel_w == 3 && params->stride_w <= 2;
    for (int32_t r = 0; r < rows; r++) {
        if (is_3x3 && params->stride_w == 1) {
            mcugen_dsp_depthwise_3x3_stride1((const mcugen_word *)plane, weights3, output, params->output_w, channel, out);
        } else if (is_3x3) {
            mcugen_dsp_depthwise_3x3_stride2((const mcugen_word *)plane, weights3, output, params->output_w, channel, out);
        } else {
            int8_t *target = output;
            for (int32_t x = 0; x < params->output_w; x++) {
                int32_t sum = mcugen_dsp_depthwise_sum(plane + x * params->stride_w, taps, params->kernel_h,
                                                       (params->kernel_w + 1) / 2, channel);
                *target = mcugen_dsp_requantize(sum, channel->multiplier, channel->shift, out);
                target += channel->output_step;
            }
        }
        plane += params->stride_h * params->plane_w;
        output += params->output_w * channel->output_step;
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
        output += band * params->output_w * channel->output_step;
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
    const int32_t is_3x3 = params->kernel_h == 3 && params->kernel_w == 3 && params->stride_w <= 2;
    const int32_t multiplier = params->output_c / params->input_c;
    const int32_t plane_h = (params->band_rows - 1) * params->stride_h + params->kernel_h;
    const mcugen_word *stream = weights;
    mcugen_half *plane = scratch;
    mcugen_word *taps = (mcugen_word *)scratch + plane_h * params->plane_w / 2;
    for (int32_t i = 0; i < plane_h * params->plane_w; i++) {
        plane[i] = (mcugen_half)params->input_zero_point;
    }
    for (int32_t c = 0; c < params->output_c; c++) {
        struct mcugen_dsp_channel channel = {.plane_words = params->plane_w / 2, .output_step = params->output_c};
        struct mcugen_dsp_row3 weights3[3] = {{0, 0}, {0, 0}, {0, 0}};
        channel.bias = (int32_t)*stream++;
        if (is_3x3) {
            channel.shift = stream[0] >> 24;
            for (int r = 0; r < 3; r++) {
                weights3[r] = mcugen_dsp_unpack_row3(stream[r]);
            }
            channel.multiplier = (int32_t)stream[3];
            stream += 4;
        } else {
            const int32_t pairs = (params->kernel_w + 1) / 2;
            mcugen_word *target = taps;
            for (int32_t r = 0; r < params->kernel_h; r++) {
                for (int32_t i = 0; i < pairs; i += 2) {
                    uint32_t bytes = *stream++;
                    *target++ = mcugen_sxtb16(bytes);
                    if (i + 1 < pairs) {
                        *target++ = mcugen_sxtb16_odd(bytes);
                    }
                }
            }
            channel.multiplier = (int32_t)stream[0];
            channel.shift = stream[1] & 0xffu;
            stream += 2;
        }
        mcugen_dsp_depthwise_channel(params, plane, taps, weights3, input + c / multiplier, output + c, &channel, &out);
    }
}
