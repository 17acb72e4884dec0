/* Pointwise convolution with stride 1 and int4 weights: a product over the list of positions, two at a time. */
#include "dsp/convolution/conv2d.h"
#include "dsp/nibbles.h"

MCUGEN_KERNEL void mcugen_dsp_conv2d_1x1_s4(const struct mcugen_dsp_conv2d_params *params, const int8_t *input,
                                            const uint32_t *weights, int8_t *output, void *scratch)
{
    struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    out.general = params->general_requantization;
    mcugen_dsp_nibbles_rows(input, params->output_h * params->output_w, params->input_c, weights, output,
                            params->output_c, scratch, &out);
    mcugen_dsp_clamp_bytes(output, params->output_h * params->output_w * params->output_c, params->clamp_min,
                           params->clamp_max);
}
