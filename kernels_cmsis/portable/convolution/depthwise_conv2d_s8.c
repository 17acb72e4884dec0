/* Depthwise convolution, one output row at a time: the input rows that it needs are gathered into a band of scratch with
 * borders of the input zero point, so no tap is ever outside. Rows that the next output row needs again move up.
 *
 * A row of outputs is written after all its input rows are in the band. Scratch: band_h * band_w * input_c bytes.
 */
#include "portable/convolution/band.h"
#include "portable/matrix.h"

/* Sums of `count` (1 or 2) neighbouring outputs of one channel, written `output_c` bytes apart. */
MCUGEN_KERNEL void mcugen_depthwise_outputs(const struct mcugen_depthwise_params *params,
                                            const struct mcugen_matrix *m, const int8_t *band, int32_t channel,
                                            int32_t count, int8_t *output)
{
    const int32_t depth = params->input_c, row_bytes = params->dilation_h * params->band_w * depth;
    const int32_t tap_bytes = params->dilation_w * depth, position_bytes = params->stride_w * depth;
    /* Weights of a tap are those of all channels; of int4, an even channel's are in the low half of their byte. */
    const int32_t tap_weights = mcugen_row_bytes(m, params->output_c), up = channel % 2 != 0 ? 24 : 28;
    const int8_t *weights = m->weights + (m->weight_bits == 8 ? channel : channel / 2);
    uint32_t sum0 = (uint32_t)m->bias[channel], sum1 = sum0;
#pragma GCC unroll 3
    for (int32_t row = 0; row < params->kernel_h; row++) {
#pragma GCC unroll 8
        for (int32_t tap = 0; tap < params->kernel_w; tap++) {
            const int32_t byte = weights[tap * tap_weights];
            const int32_t w = m->weight_bits == 8 ? byte : (int32_t)((uint32_t)byte << up) >> 28;
            mcugen_multiply_add(&sum0, w, band[tap * tap_bytes]);
            if (count == 2) {
                mcugen_multiply_add(&sum1, w, band[tap * tap_bytes + position_bytes]);
            }
        }
        band += row_bytes;
        weights += params->kernel_w * tap_weights;
    }
    output[channel] = mcugen_finish(m, channel, sum0);
    if (count == 2) {
        output[params->output_c + channel] = mcugen_finish(m, channel, sum1);
    }
}

/* All channels of `count` neighbouring positions. */
MCUGEN_KERNEL void mcugen_depthwise_positions(const struct mcugen_depthwise_params *params,
                                              const struct mcugen_matrix *m, const int8_t *band, int32_t count,
                                              int8_t *output)
{
    const int32_t channel_multiplier = params->output_c / params->input_c;
    int32_t channel = 0;
    for (int32_t c = 0; c < params->input_c; c++) {
        for (int32_t i = 0; i < channel_multiplier; i++) {
            mcugen_depthwise_outputs(params, m, band + c, channel, count, output);
            channel++;
        }
    }
}

MCUGEN_KERNEL void mcugen_depthwise_conv2d_s8(const struct mcugen_depthwise_params *params, const int8_t *input,
                                              const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                              const int8_t *shift, int8_t *output, void *scratch)
{
    const struct mcugen_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = 1,
        .channels = params->output_c,
        .weight_bits = params->weight_bits,
        .zero_point = params->output_zero_point,
        .clamp_min = params->clamp_min,
        .clamp_max = params->clamp_max,
        .general = params->general_requantization,
    };
    const int32_t band_bytes = params->band_w * params->input_c;
    const int32_t kept = params->band_h > params->stride_h ? params->band_h - params->stride_h : 0;
    const int32_t at_once = MCUGEN_SMALL_CORE ? 1 : 2;
    int8_t *const band = scratch;
    /* Borders left and right keep the zero point from here on. */
    (void)mcugen_fill(band, params->input_zero_point, params->band_h * band_bytes);
    int32_t y = -params->pad_top, from = 0;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        mcugen_gather_band(params, band, input, from, y + from);
        const int8_t *position = band;
        for (int32_t left = params->output_w; left >= at_once; left -= at_once) {
            mcugen_depthwise_positions(params, &matrix, position, at_once, output);
            position += at_once * params->stride_w * params->input_c;
            output += at_once * params->output_c;
        }
        if (params->output_w % at_once != 0) {
            mcugen_depthwise_positions(params, &matrix, position, 1, output);
            output += params->output_c;
        }
        (void)mcugen_copy(band, band + params->stride_h * band_bytes, kept * band_bytes);
        from = kept;
        y += params->stride_h;
    }
}
