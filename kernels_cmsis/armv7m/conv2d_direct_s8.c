/* Convolution whose window is one run of input bytes: pointwise; 1xN without padding along W; a kernel as wide as the input.
 * Scratch: the words of four columns. */
#include "armv7m/gemm.h"

/* `rows` times `columns` windows, each a run of `depth` input bytes. */
struct mcugen_armv7m_conv2d_direct_params {
    int32_t rows, row_bytes;
    int32_t columns, column_bytes;
    int32_t depth, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t field_bits;
};

MCUGEN_KERNEL void mcugen_armv7m_conv2d_direct_s8(const struct mcugen_armv7m_conv2d_direct_params *params,
                                                  const int8_t *input, const uint32_t *weights, int8_t *output,
                                                  void *scratch)
{
    const struct mcugen_armv7m_output out = {params->output_zero_point, params->clamp_min, params->clamp_max};
    for (int32_t row = 0; row < params->rows; row++) {
        output = mcugen_armv7m_columns(input, params->column_bytes, params->columns, params->depth, weights, output,
                                       params->output_c, scratch, (int)params->field_bits, &out);
        input += params->row_bytes;
    }
}
