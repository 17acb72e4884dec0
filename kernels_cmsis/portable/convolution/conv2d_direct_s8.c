/* Convolution whose window is one run of input bytes: pointwise; 1xN without padding along W; a kernel as wide as the
 * input. The columns are read where they lie in the input. */
#include "portable/matrix.h"

/* `rows` times `columns` windows, each a run of `depth` input bytes. */
struct mcugen_conv2d_direct_params {
    int32_t rows, row_bytes;
    int32_t columns, column_bytes;
    int32_t depth, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

MCUGEN_KERNEL void mcugen_conv2d_direct_s8(const struct mcugen_conv2d_direct_params *params, const int8_t *input,
                                           const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                           const int8_t *shift, int8_t *output)
{
    const struct mcugen_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = params->depth,
        .channels = params->output_c,
        .weight_bits = params->weight_bits,
        .zero_point = params->output_zero_point,
        .clamp_min = params->clamp_min,
        .clamp_max = params->clamp_max,
        .general = params->general_requantization,
    };
    for (int32_t row = 0; row < params->rows; row++) {
        output = mcugen_columns(&matrix, input + row * params->row_bytes, params->column_bytes, params->columns, output);
    }
}
