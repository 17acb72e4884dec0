/* Convolution whose window is one run of input bytes: pointwise; 1xN without padding along W; a kernel as wide as the
 * input. Two neighbouring windows at a time become pairs; both are read before their outputs are written.
 * Scratch: the pairs. */
#include "armv6m/pairs.h"

/* `rows` times `columns` windows, each a run of `depth` input bytes. */
struct mcugen_armv6m_direct_params {
    int32_t rows, row_bytes;
    int32_t columns, column_bytes;
    int32_t depth, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t group;
    int32_t general_requantization;
};

MCUGEN_KERNEL void mcugen_armv6m_conv2d_direct_s8(const struct mcugen_armv6m_direct_params *params,
                                                  const int8_t *input, const int8_t *weights, const int32_t *bias,
                                                  const int32_t *multiplier, const int8_t *shift, int8_t *output,
                                                  void *scratch)
{
    const struct mcugen_armv6m_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = params->depth,
        .channels = params->output_c,
        .group = params->group,
        .output = {params->output_zero_point, params->clamp_min, params->clamp_max, params->general_requantization},
    };
    mcugen_armv6m_word *const pairs = scratch;
    for (int32_t row = 0; row < params->rows; row++) {
        const int8_t *column = input + row * params->row_bytes;
        for (int32_t left = params->columns; left > 0; left -= 2) {
            /* An odd last window is its own neighbour. */
            const int8_t *const next = left == 1 ? column : column + params->column_bytes;
            (void)mcugen_armv6m_pair(pairs, column, next, params->depth);
            mcugen_armv6m_two_columns(&matrix, pairs, output, left == 1 ? 0 : params->output_c);
            column += 2 * params->column_bytes;
            output += 2 * params->output_c;
        }
        if (params->columns % 2 != 0) {
            output -= params->output_c;
        }
    }
}
