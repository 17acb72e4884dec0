/* Fully connected: each row of the input is a column of the matrix product. */
#include "dsp/linear/fully_connected.h"
#include "dsp/gemm.h"

MCUGEN_KERNEL void mcugen_dsp_fully_connected_s8(const struct mcugen_dsp_fully_connected_params *params,
                                                 const int8_t *input, const uint32_t *weights, int8_t *output,
                                                 void *scratch)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization, 0};
    mcugen_dsp_gemm_rows(input, params->rows, params->input_c, weights, output, params->output_c, scratch, &out);
}
