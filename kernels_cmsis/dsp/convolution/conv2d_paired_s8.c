/* Convolution with channels in pairs: as conv2d_s8.c, two positions at a time. At least two positions. */
#include "dsp/convolution/im2col.h"
#include "dsp/paired.h"

MCUGEN_KERNEL void mcugen_dsp_conv2d_paired_s8(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                               const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    int8_t *const first_output = output;
    const int32_t depth = params->kernel_h * params->kernel_w * params->input_c, quads = (depth + 3) / 4;
    const int32_t positions = params->output_h * params->output_w;
    mcugen_word *columns = scratch;
    int8_t *window = (int8_t *)(columns + 4 * quads);
    int32_t y = -params->pad_top, x = -params->pad_left, out_x = 0;
    for (int32_t left = positions; left > 0; left -= 2) {
        int32_t kept = 0;
        if (positions % 2 != 0 && left == 1) {
            kept = 1;
            mcugen_dsp_paired_keep(columns, quads);
            output -= params->output_c;
        }
        for (int32_t p = kept; p < 2; p++) {
            mcugen_dsp_column(params, columns + p, window, input, y, x, 2, 2);
            x += params->stride_w;
            if (++out_x == params->output_w) {
                out_x = 0;
                x = -params->pad_left;
                y += params->stride_h;
            }
        }
        mcugen_dsp_paired_gemm(columns, quads, weights, output, params->output_c, &out);
        output += 2 * params->output_c;
    }
    mcugen_dsp_clamp_bytes(first_output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                           params->clamp_max);
}
