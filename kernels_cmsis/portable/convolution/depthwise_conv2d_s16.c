/* Depthwise convolution of int16, one output row at a time, on a band of input rows in scratch; see band.h.
 *
 * A row of outputs is written after all its input rows are in the band. Scratch: band_h * band_w * input_c bytes.
 */
#include "portable/convolution/band.h"
#include "portable/matrix_s16.h"

/* One output of one channel; `band` is its window's first tap. */
MCUGEN_KERNEL int16_t mcugen_depthwise_output_s16(const struct mcugen_depthwise_params *params,
                                                  const struct mcugen_matrix_s16 *m, const int16_t *band,
                                                  int32_t channel)
{
    const int32_t depth = params->input_c / 2, row_step = params->dilation_h * params->band_w * depth;
    const int32_t tap_step = params->dilation_w * depth;
    const int8_t *weights = m->weights + channel;
    if (m->form == MCUGEN_SUMS_OF_64_BITS) {
        int64_t sum = mcugen_bias_64(m->bias, channel);
        for (int32_t row = 0; row < params->kernel_h; row++) {
            for (int32_t tap = 0; tap < params->kernel_w; tap++) {
                sum += band[tap * tap_step] * weights[tap * params->output_c];
            }
            band += row_step;
            weights += params->kernel_w * params->output_c;
        }
        return mcugen_finish_s16(m, channel, sum);
    }
    int32_t sum = m->bias[channel];
#pragma GCC unroll 3
    for (int32_t row = 0; row < params->kernel_h; row++) {
#pragma GCC unroll 8
        for (int32_t tap = 0; tap < params->kernel_w; tap++) {
            sum += band[tap * tap_step] * weights[tap * params->output_c];
        }
        band += row_step;
        weights += params->kernel_w * params->output_c;
    }
    return mcugen_finish_s16(m, channel, sum);
}

/* input_c: bytes of a position; general_requantization: a form of mcugen_requantize_s16.h. */
MCUGEN_KERNEL void mcugen_depthwise_conv2d_s16(const struct mcugen_depthwise_params *params, const int16_t *input,
                                               const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                               const int8_t *shift, int16_t *output, void *scratch)
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
        .form = params->general_requantization,
    };
    const int32_t depth = params->input_c / 2, channel_multiplier = params->output_c / depth;
    const int32_t band_bytes = params->band_w * params->input_c;
    const int32_t kept = params->band_h > params->stride_h ? params->band_h - params->stride_h : 0;
    int8_t *const band = scratch;
    /* Borders left and right stay 0 from here on. */
    (void)mcugen_fill(band, 0, params->band_h * band_bytes);
    int32_t y = -params->pad_top, from = 0;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        mcugen_gather_band(params, band, (const int8_t *)input, from, y + from);
        const int16_t *position = scratch;
        for (int32_t x = 0; x < params->output_w; x++) {
            for (int32_t channel = 0; channel < params->output_c; channel++) {
                output[channel] =
                    mcugen_depthwise_output_s16(params, &matrix, position + channel / channel_multiplier, channel);
            }
            position += params->stride_w * depth;
            output += params->output_c;
        }
        (void)mcugen_copy(band, band + params->stride_h * band_bytes, kept * band_bytes);
        from = kept;
        y += params->stride_h;
    }
}
