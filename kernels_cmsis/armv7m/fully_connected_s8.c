/* Fully connected over several rows: every row of the input is a column of the matrix product.
 * Scratch: the words of four columns. */
#include "armv7m/fully_connected.h"
#include "armv7m/gemm.h"

MCUGEN_KERNEL void mcugen_armv7m_fully_connected_s8(const struct mcugen_armv7m_fully_connected_params *params,
                                                    const int8_t *input, const uint32_t *weights, int8_t *output,
                                                    void *scratch)
{
    const struct mcugen_armv7m_output out = {params->output_zero_point, params->clamp_min, params->clamp_max};
    (void)mcugen_armv7m_columns(input, params->input_c, params->rows, params->input_c, weights, output,
                                params->output_c, scratch, (int)params->field_bits, &out);
}
