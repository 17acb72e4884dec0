/* Pointwise convolution: two positions at a time are copied, so that their outputs may lie over them, and are columns of the
 * matrix product. */
#include "mve/convolution/conv2d.h"
#include "mve/copy.h"
#include "mve/gemm.h"

MCUGEN_KERNEL void mcugen_mve_conv2d_1x1_s8(const struct mcugen_mve_conv2d_params *params, const int8_t *input,
                                            const int32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization};
    const int32_t depth = params->input_c, chunks = (depth + 15) / 16;
    const int32_t step = params->stride_w * depth, row = params->stride_h * params->input_w * depth;
    /* With stride 1 the positions of all rows are one row. */
    const int32_t flat = params->stride_h == 1 && params->stride_w == 1;
    const int32_t rows = flat ? 1 : params->output_h;
    const int32_t width = flat ? params->output_h * params->output_w : params->output_w;
    int8_t *const first = scratch, *const second = first + 16 * chunks;
    for (int32_t y = 0; y < rows; y++) {
        const int8_t *x = input + y * row;
        for (int32_t pairs = width / 2; pairs > 0; pairs--) {
            mcugen_mve_copy(first, x, depth);
            mcugen_mve_copy(second, x + step, depth);
            x += 2 * step;
            mcugen_mve_gemm_2(first, second, weights, chunks, output, params->output_c, params->output_c,
                              params->weight_bits, &out);
            output += 2 * params->output_c;
        }
        if (width % 2 != 0) {
            mcugen_mve_copy(first, x, depth);
            mcugen_mve_gemm_1(first, weights, chunks, output, params->output_c, params->weight_bits, &out);
            output += params->output_c;
        }
    }
}
