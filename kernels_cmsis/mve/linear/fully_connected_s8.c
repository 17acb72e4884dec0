/* Fully connected: rows of the input, two at a time, are copied, so that their outputs may lie over them, and are columns of
 * the matrix product. */
#include "mve/copy.h"
#include "mve/gemm.h"
#include "mve/linear/fully_connected.h"

MCUGEN_KERNEL void mcugen_mve_fully_connected_s8(const struct mcugen_mve_fully_connected_params *params,
                                                 const int8_t *input, const int32_t *weights, int8_t *output,
                                                 void *scratch)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization};
    const int32_t depth = params->input_c, chunks = (depth + 15) / 16;
    int8_t *const first = scratch, *const second = first + 16 * chunks;
    for (int32_t pairs = params->rows / 2; pairs > 0; pairs--) {
        mcugen_mve_copy(first, input, depth);
        mcugen_mve_copy(second, input + depth, depth);
        input += 2 * depth;
        mcugen_mve_gemm_2(first, second, weights, chunks, output, params->output_c, params->output_c,
                          params->weight_bits, &out);
        output += 2 * params->output_c;
    }
    if (params->rows % 2 != 0) {
        mcugen_mve_copy(first, input, depth);
        mcugen_mve_gemm_1(first, weights, chunks, output, params->output_c, params->weight_bits, &out);
    }
}
