/* Convolution of any kernel size, stride, padding and dilation: im2col for a block of positions, then the matrix product.
 * A block of positions is read fully before its outputs are written. */
#include "dsp/convolution/im2col.h"

MCUGEN_KERNEL void mcugen_dsp_conv2d_s8(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                        const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization, 0};
    const int32_t depth = params->kernel_h * params->kernel_w * params->input_c, quads = (depth + 3) / 4;
    const int32_t positions = params->output_h * params->output_w;
    const int32_t block = positions < MCUGEN_DSP_COLUMNS ? positions : MCUGEN_DSP_COLUMNS;
    mcugen_word *columns = scratch;
    int8_t *window = (int8_t *)(columns + 2 * quads * block);
    int32_t y = -params->pad_top, x = -params->pad_left, out_x = 0;
    for (int32_t done = 0; done < positions; done += block) {
        int32_t kept = 0;
        if (positions % block != 0 && positions - done < block) {
            kept = block - positions % block;
            mcugen_dsp_keep_columns(columns, quads, block, kept);
            done -= kept;
        }
        for (int32_t p = kept; p < block; p++) {
            mcugen_dsp_column(params, columns + 2 * p, window, input, y, x, block, 1);
            x += params->stride_w;
            if (++out_x == params->output_w) {
                out_x = 0;
                x = -params->pad_left;
                y += params->stride_h;
            }
        }
        mcugen_dsp_gemm(columns, quads, weights, output + done * params->output_c, params->output_c, block, &out);
    }
}
