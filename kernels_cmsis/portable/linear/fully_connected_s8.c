/* Fully connected: every row of the input is a column of the matrix product. */
#include "portable/matrix.h"

struct mcugen_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

MCUGEN_KERNEL void mcugen_fully_connected_s8(const struct mcugen_fully_connected_params *params, const int8_t *input,
                                             const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                             const int8_t *shift, int8_t *output)
{
    const struct mcugen_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = params->input_c,
        .channels = params->output_c,
        .weight_bits = params->weight_bits,
        .zero_point = params->output_zero_point,
        .clamp_min = params->clamp_min,
        .clamp_max = params->clamp_max,
        .general = params->general_requantization,
    };
    (void)mcugen_columns(&matrix, input, params->input_c, params->rows, output);
}
