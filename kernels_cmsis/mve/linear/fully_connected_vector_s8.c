/* Fully connected for one row, read where it is: its length is a multiple of 16. No scratch. */
#include "mve/gemm.h"
#include "mve/linear/fully_connected.h"

MCUGEN_KERNEL void mcugen_mve_fully_connected_vector_s8(const struct mcugen_mve_fully_connected_params *params,
                                                        const int8_t *input, const int32_t *weights, int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization};
    mcugen_mve_gemm_1(input, weights, params->input_c / 16, output, params->output_c, params->weight_bits, &out);
}
