/* Convolution of int16 of any kernel, stride, padding, dilation and groups: one window at a time is gathered into a column
 * (im2col), borders filled with zeros, then multiplied with the weights.
 *
 * A window is read before its outputs are written. Scratch: one column.
 */
#include "portable/convolution/gather.h"
#include "portable/matrix_s16.h"

/* general_requantization: a form of matrix_s16.h. */
MCUGEN_KERNEL void mcugen_conv2d_s16(const struct mcugen_conv2d_params *params, const int16_t *input,
                                     const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                     const int8_t *shift, int16_t *output, void *scratch)
{
    const int32_t channels = params->output_c / params->groups;
    const int32_t depth = params->kernel_h * params->kernel_w * (params->input_c / params->groups) / 2;
    const int32_t bias_words = params->general_requantization == MCUGEN_SUMS_OF_64_BITS ? 2 : 1;
    int32_t y = -params->pad_top;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        int32_t x = -params->pad_left;
        for (int32_t out_x = 0; out_x < params->output_w; out_x++) {
            mcugen_gather_window(params, scratch, (const int8_t *)input, y, x);
            for (int32_t group = 0; group < params->groups; group++) {
                const struct mcugen_matrix_s16 matrix = {
                    .weights = weights + group * channels * depth,
                    .bias = bias + group * channels * bias_words,
                    .multiplier = multiplier + group * channels,
                    .shift = shift + group * channels,
                    .depth = depth,
                    .channels = channels,
                    .clamp_min = params->clamp_min,
                    .clamp_max = params->clamp_max,
                    .form = params->general_requantization,
                };
                mcugen_one_column_s16(&matrix, (const int16_t *)scratch + group * depth, output);
                output += channels;
            }
            x += params->stride_w;
        }
        y += params->stride_h;
    }
}
