/* Pointwise convolution with stride 1: the input is a list of positions, each a column of the matrix product.
 * A block of positions is read fully before its outputs are written. */
#include "dsp/convolution/conv2d.h"
#include "dsp/gemm.h"

MCUGEN_KERNEL void mcugen_dsp_conv2d_1x1_s8(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                            const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization, 0};
    mcugen_dsp_gemm_rows(input, params->output_h * params->output_w, params->input_c, weights, output, params->output_c,
                         scratch, &out);
}
