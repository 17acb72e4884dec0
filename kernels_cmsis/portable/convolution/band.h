/* The band of input rows that one output row of a depthwise convolution needs, borders included, in scratch. Everything is
 * counted in bytes, so that it serves every type of activations. */
#ifndef MCUGEN_PORTABLE_BAND_H
#define MCUGEN_PORTABLE_BAND_H

#include "portable/bytes.h"

/* band_h, band_w: input rows and columns (borders included) that one output row needs;
 * gathered_w: those of the columns that lie inside the input. input_c: bytes of an input position. */
struct mcugen_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t band_h, band_w, gathered_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

/* Fills band rows [from, band_h) with the input rows from `y` on, rows outside with the zero point. */
MCUGEN_KERNEL void mcugen_gather_band(const struct mcugen_depthwise_params *params, int8_t *band, const int8_t *input,
                                      int32_t from, int32_t y)
{
    const int32_t band_bytes = params->band_w * params->input_c, row_bytes = params->input_w * params->input_c;
    const int32_t border = params->pad_left * params->input_c;
    for (int32_t row = from; row < params->band_h; row++) {
        int8_t *target = band + row * band_bytes;
        if (y >= 0 && y < params->input_h) {
            (void)mcugen_copy(target + border, input + y * row_bytes, params->gathered_w * params->input_c);
        } else {
            (void)mcugen_fill(target, params->input_zero_point, band_bytes);
        }
        y++;
    }
}

#endif
