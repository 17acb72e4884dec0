/* Convolution of any kernel, stride, padding, dilation and groups: two windows at a time are gathered into columns
 * (im2col), borders filled with the input zero point, then multiplied with the weights.
 *
 * Both windows are read before their outputs are written. Scratch: two columns.
 */
#include "portable/convolution/gather.h"
#include "portable/matrix.h"

MCUGEN_KERNEL void mcugen_conv2d_s8(const struct mcugen_conv2d_params *params, const int8_t *input,
                                    const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                    const int8_t *shift, int8_t *output, void *scratch)
{
    const int32_t channels = params->output_c / params->groups;
    const int32_t depth = params->kernel_h * params->kernel_w * (params->input_c / params->groups);
    const int32_t column_bytes = depth * params->groups;
    const int32_t positions = params->output_h * params->output_w;
    int8_t *const columns = scratch;
    int32_t y = -params->pad_top, x = -params->pad_left, out_x = 0;
    for (int32_t done = 0; done < positions; done += 2) {
        /* An odd last window is done twice, in the same place. */
        const int32_t windows = positions - done >= 2 ? 2 : 1;
        for (int32_t i = 0; i < 2; i++) {
            mcugen_gather_window(params, columns + i * column_bytes, input, y, x);
            if (windows == 2) {
                x += params->stride_w;
                if (++out_x == params->output_w) {
                    out_x = 0;
                    x = -params->pad_left;
                    y += params->stride_h;
                }
            }
        }
        for (int32_t group = 0; group < params->groups; group++) {
            struct mcugen_matrix matrix = {
                .weights = weights,
                .bias = bias + group * channels,
                .multiplier = multiplier + group * channels,
                .shift = shift + group * channels,
                .depth = depth,
                .channels = channels,
                .weight_bits = params->weight_bits,
                .zero_point = params->output_zero_point,
                .clamp_min = params->clamp_min,
                .clamp_max = params->clamp_max,
                .general = params->general_requantization,
            };
            matrix.weights += group * channels * mcugen_row_bytes(&matrix, depth);
            mcugen_two_columns(&matrix, columns + group * depth, column_bytes, output + group * channels,
                               windows == 2 ? params->output_c : 0);
        }
        output += windows * params->output_c;
    }
}
