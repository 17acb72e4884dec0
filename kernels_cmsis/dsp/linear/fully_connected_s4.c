/* Fully connected with int4 weights: two rows of the input at a time. */
#include "dsp/linear/fully_connected.h"
#include "dsp/nibbles.h"

MCUGEN_KERNEL void mcugen_dsp_fully_connected_s4(const struct mcugen_dsp_fully_connected_params *params,
                                                 const int8_t *input, const uint32_t *weights, int8_t *output,
                                                 void *scratch)
{
    struct mcugen_dsp_output out = mcugen_dsp_saturating(params->output_zero_point, params->clamp_min);
    out.general = params->general_requantization;
    mcugen_dsp_nibbles_rows(input, params->rows, params->input_c, weights, output, params->output_c, scratch, &out);
    mcugen_dsp_clamp_bytes(output, params->rows * params->output_c, params->clamp_min, params->clamp_max);
}
