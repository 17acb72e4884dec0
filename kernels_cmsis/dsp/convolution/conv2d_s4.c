/* Convolution with int4 weights: im2col for two positions at a time. A last odd position is both columns. */
#include "dsp/convolution/im2col.h"
#include "dsp/nibbles.h"

MCUGEN_KERNEL void mcugen_dsp_conv2d_s4(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                        const uint32_t *weights, int8_t *output, void *scratch)
{
    struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    out.general = params->general_requantization;
    int8_t *const first_output = output;
    const int32_t depth = params->kernel_h * params->kernel_w * params->input_c, quads = (depth + 3) / 4;
    mcugen_word *columns = scratch;
    int8_t *window = (int8_t *)(columns + 4 * quads);
    int32_t y = -params->pad_top, x = -params->pad_left, out_x = 0;
    for (int32_t left = params->output_h * params->output_w; left > 0; left -= 2) {
        for (int32_t p = 0; p < 2; p++) {
            mcugen_dsp_column(params, columns + p, window, input, y, x, 2, 2);
            if (left == 1) {
                continue;
            }
            x += params->stride_w;
            if (++out_x == params->output_w) {
                out_x = 0;
                x = -params->pad_left;
                y += params->stride_h;
            }
        }
        mcugen_dsp_nibbles_gemm(columns, quads, weights, output, params->output_c, left == 1 ? 0 : params->output_c,
                                &out);
        output += 2 * params->output_c;
    }
    mcugen_dsp_clamp_bytes(first_output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                           params->clamp_max);
}
