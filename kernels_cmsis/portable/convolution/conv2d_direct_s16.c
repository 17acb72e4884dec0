/* Convolution of int16 whose window is one run of inputs: pointwise; 1xN without padding along W; a kernel as wide as the
 * input. The columns are read where they lie in the input. A fully connected layer is one too: its rows are the columns. */
#include "portable/matrix_s16.h"

/* `rows` times `columns` windows, each a run of `depth` inputs; steps in elements. form: see matrix_s16.h. */
struct mcugen_direct_s16_params {
    int32_t rows, row_step;
    int32_t columns, column_step;
    int32_t depth, output_c;
    int32_t clamp_min, clamp_max;
    int32_t form;
};

MCUGEN_KERNEL void mcugen_conv2d_direct_s16(const struct mcugen_direct_s16_params *params, const int16_t *input,
                                            const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                            const int8_t *shift, int16_t *output)
{
    const struct mcugen_matrix_s16 matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = params->depth,
        .channels = params->output_c,
        .clamp_min = params->clamp_min,
        .clamp_max = params->clamp_max,
        .form = params->form,
    };
    for (int32_t row = 0; row < params->rows; row++) {
        const int16_t *column = input + row * params->row_step;
        for (int32_t left = params->columns; left >= 2; left -= 2) {
            mcugen_two_columns_s16(&matrix, column, params->column_step, output);
            column += 2 * params->column_step;
            output += 2 * params->output_c;
        }
        if (params->columns % 2 != 0) {
            mcugen_one_column_s16(&matrix, column, output);
            output += params->output_c;
        }
    }
}
