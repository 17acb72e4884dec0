/* Depthwise convolution of int16, position by position. The zero point is 0, so taps outside the input are left out.
 *
 * A position's outputs are written channel by channel, each after its window has been read. */
#include "portable/matrix_s16.h"

/* form: see matrix_s16.h. */
struct mcugen_depthwise_s16_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t clamp_min, clamp_max;
    int32_t form;
};

/* Taps first ... end - 1 along one axis lie inside the input. */
struct mcugen_taps {
    int32_t first, end;
};

MCUGEN_KERNEL struct mcugen_taps mcugen_taps_inside(int32_t start, int32_t taps, int32_t dilation, int32_t size)
{
    const int32_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
    const int32_t left = size - start;
    const int32_t end = left <= 0 ? 0 : (left + dilation - 1) / dilation;
    const struct mcugen_taps inside = {first, end < taps ? end : taps};
    return inside;
}

/* One output: `place` is where the first tap is, maybe outside, of the channel's input. */
MCUGEN_KERNEL int16_t mcugen_depthwise_output_s16(const struct mcugen_depthwise_s16_params *params,
                                                  const struct mcugen_matrix_s16 *m, const int16_t *input, int32_t place,
                                                  struct mcugen_taps rows, struct mcugen_taps columns, int32_t channel)
{
    const int32_t row_step = params->dilation_h * params->input_w * params->input_c;
    const int32_t tap_step = params->dilation_w * params->input_c;
    const int8_t *weights = m->weights + channel;
    if (m->form == MCUGEN_SUMS_OF_64_BITS) {
        int64_t sum = mcugen_bias_64(m->bias, channel);
        for (int32_t row = rows.first; row < rows.end; row++) {
            for (int32_t tap = columns.first; tap < columns.end; tap++) {
                sum += input[place + row * row_step + tap * tap_step] *
                       weights[(row * params->kernel_w + tap) * params->output_c];
            }
        }
        return mcugen_finish_s16(m, channel, sum);
    }
    int32_t sum = m->bias[channel];
    for (int32_t row = rows.first; row < rows.end; row++) {
#pragma GCC unroll 3
        for (int32_t tap = columns.first; tap < columns.end; tap++) {
            sum += input[place + row * row_step + tap * tap_step] * weights[(row * params->kernel_w + tap) * params->output_c];
        }
    }
    return mcugen_finish_s16(m, channel, sum);
}

MCUGEN_KERNEL void mcugen_depthwise_conv2d_s16(const struct mcugen_depthwise_s16_params *params, const int16_t *input,
                                               const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                               const int8_t *shift, int16_t *output)
{
    const struct mcugen_matrix_s16 matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = 1,
        .channels = params->output_c,
        .clamp_min = params->clamp_min,
        .clamp_max = params->clamp_max,
        .form = params->form,
    };
    const int32_t channel_multiplier = params->output_c / params->input_c;
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        const struct mcugen_taps rows = mcugen_taps_inside(y, params->kernel_h, params->dilation_h, params->input_h);
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            const struct mcugen_taps columns =
                mcugen_taps_inside(x, params->kernel_w, params->dilation_w, params->input_w);
            const int32_t place = (y * params->input_w + x) * params->input_c;
            int32_t channel = 0;
            for (int32_t c = 0; c < params->input_c; c++) {
                for (int32_t i = 0; i < channel_multiplier; i++) {
                    output[channel] =
                        mcugen_depthwise_output_s16(params, &matrix, input, place + c, rows, columns, channel);
                    channel++;
                }
            }
            output += params->output_c;
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
