/* Convolution of int16 of any kernel size, stride, padding and dilation, one group: im2col for a block of positions, then the
 * matrix product of gemm.h, whose columns int16 activations are as they are. The weights' bytes lie in the order 0, 2, 1, 3,
 * so that SXTB16 gives neighbours.
 *
 * A block of positions is read fully before its outputs are written. A fully connected layer is one too: its rows are the
 * positions of an image of one row.
 */
#include "dsp/gemm.h"
#include "portable/convolution/gather.h"

/* Copies `depth` int16 to the first of `block` interleaved columns. */
MCUGEN_KERNEL void mcugen_dsp_interleave(mcugen_word *column, const int8_t *source, int32_t depth, int32_t block)
{
    MCUGEN_UNROLL(8)
    for (int32_t quads = depth / 4; quads > 0; quads--) {
        column[0] = mcugen_load_word(source);
        column[1] = mcugen_load_word(source + 4);
        column += 2 * block;
        source += 8;
    }
    if (depth % 4 != 0) {
        uint32_t words[2] = {0, 0};
        memcpy(words, source, (size_t)(2 * (depth % 4)));
        column[0] = words[0];
        column[1] = words[1];
    }
}

/* Whether every window is one input position. */
MCUGEN_KERNEL int mcugen_dsp_is_pointwise(const struct mcugen_conv2d_params *params)
{
    return params->kernel_h == 1 && params->kernel_w == 1 && params->pad_top == 0 && params->pad_left == 0 &&
           (params->output_h - 1) * params->stride_h < params->input_h &&
           (params->output_w - 1) * params->stride_w < params->input_w;
}

/* input_c: bytes of a position; general_requantization: a form of mcugen_requantize_s16.h. */
MCUGEN_KERNEL void mcugen_dsp_conv2d_s16(const struct mcugen_conv2d_params *params, const int16_t *input,
                                         const uint32_t *weights, int16_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = {0, params->clamp_min, params->clamp_max,
                                          MCUGEN_DSP_INT16 + params->general_requantization, 0};
    const int8_t *const bytes = (const int8_t *)input;
    int8_t *const results = (int8_t *)output;
    const int32_t depth = params->kernel_h * params->kernel_w * params->input_c / 2, quads = (depth + 3) / 4;
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
            const int8_t *source = window;
            if (mcugen_dsp_is_pointwise(params)) {
                source = bytes + (y * params->input_w + x) * params->input_c;
            } else {
                mcugen_gather_window(params, window, bytes, y, x);
            }
            mcugen_dsp_interleave(columns + 2 * p, source, depth, block);
            x += params->stride_w;
            if (++out_x == params->output_w) {
                out_x = 0;
                x = -params->pad_left;
                y += params->stride_h;
            }
        }
        mcugen_dsp_gemm(columns, quads, weights, results + 2 * done * params->output_c, params->output_c, block, &out);
    }
}
