/* Depthwise convolution, one output channel at a time: its input plane is gathered into int16 rows with borders of the
 * input zero point, and pairs of neighbours are multiplied at once.
 *
 * A plane that is too tall is worked on in bands of output rows; rows that the next band needs again are kept, so no
 * input byte is read after an output of the same channel may have overwritten it.
 *
 * The weight stream holds for each channel: bias, weights, multiplier and, for kernels other than 3x3, the shift.
 * 3x3: three words (w0, w1, w2, spare) of bytes; the first spare byte is the shift.
 * Others: kernel_h * ceil(kernel_w / 4) words (w0, w2, w1, w3) of bytes, missing ones 0.
 * With int4 weights, nibbles are 8 more than the weights: of 3x3, words with w0, w1, w2 of row 0 in the low nibbles of their
 * bytes and of row 1 in the high ones, then of row 2, the shift in the first word's spare byte; of others, kernel_h *
 * ceil(kernel_w / 8) words with (w0, w2, w1, w3) in the low nibbles and the next four in the high ones.
 * Products are doubled (weights here, bias by the packer) for the fast form of requantization.
 */
#include "dsp/convolution/depthwise_3x3.h"

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
    int32_t weight_bits;
};

/* The kernels with code of their own. */
MCUGEN_KERNEL int32_t mcugen_dsp_is_3x3(const struct mcugen_dsp_depthwise_params *params)
{
    return params->kernel_h == 3 && params->kernel_w == 3 && params->stride_w <= 2;
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
            const struct mcugen_dsp_taps4 four =
                params->weight_bits == 8 ? mcugen_dsp_unpack_bytes(stream[i / 2], !out->general)
                                         : mcugen_dsp_unpack_nibbles(stream[i / 4] >> 2 * (i % 4), !out->general);
            *taps++ = four.even;
            if (i + 1 < pairs) {
                *taps++ = four.odd;
            }
        }
        stream += params->weight_bits == 8 ? (pairs + 1) / 2 : (pairs + 3) / 4;
    }
    channel->multiplier = (int32_t)stream[0];
    channel->shift = stream[1] & 0xffu;
    return stream + 2;
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
    struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max, 1, 0};
    if (!params->general_requantization) {
        out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    }
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
            stream = mcugen_dsp_unpack_3x3(stream, &channel, weights3, params->weight_bits, &out);
        } else {
            stream = mcugen_dsp_unpack_taps(stream, &channel, taps, params, &out);
        }
        channel.rounding = out.general ? 0 : mcugen_dsp_rounding(channel.shift, &out);
        mcugen_dsp_depthwise_channel(params, plane, taps, weights3, input + c / multiplier, output + c, &channel, &out);
    }
    if (!params->general_requantization) {
        mcugen_dsp_clamp_bytes(output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                               params->clamp_max);
    }
}
