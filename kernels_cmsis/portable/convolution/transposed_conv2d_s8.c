/* Transposed convolution as convolutions without stride: output positions that lie alike between the input positions (a
 * phase: the remainder of their place by the stride) meet the same taps. Two windows of a phase at a time are gathered
 * into columns, borders filled with the input zero point, then multiplied with the phase's weights.
 *
 * Scratch: two columns of the phase with the most taps.
 */
#include "portable/bytes.h"
#include "portable/matrix.h"

/* step_h, step_w: input positions from one tap of a phase to the next, upwards and to the left.
 * general_requantization is 1 when a channel is beyond mcugen_requantize_fast. */
struct mcugen_transposed_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t step_h, step_w;
    int32_t groups;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

/* The taps of a phase along one axis: how many, and how far before the output's own input position the first is. */
struct mcugen_taps {
    int32_t count, before;
};

/* The window whose first tap is at (y, x), maybe outside. */
MCUGEN_KERNEL void mcugen_gather_taps(const struct mcugen_transposed_conv2d_params *params, int8_t *column,
                                      const int8_t *input, int32_t y, int32_t rows, int32_t x, int32_t columns)
{
    const int32_t depth = params->input_c / params->groups;
    for (int32_t group = 0; group < params->groups; group++) {
        for (int32_t i = 0, tap_y = y; i < rows; i++, tap_y -= params->step_h) {
            const int inside = tap_y >= 0 && tap_y < params->input_h;
            for (int32_t j = 0, tap_x = x; j < columns; j++, tap_x -= params->step_w) {
                if (inside && tap_x >= 0 && tap_x < params->input_w) {
                    const int8_t *const position = input + (tap_y * params->input_w + tap_x) * params->input_c;
                    column = mcugen_copy(column, position + group * depth, depth);
                } else {
                    column = mcugen_fill(column, params->input_zero_point, depth);
                }
            }
        }
    }
}

/* The outputs of one phase in one row; `output` is the row's first position. */
MCUGEN_KERNEL void mcugen_transposed_row(const struct mcugen_transposed_conv2d_params *params,
                                         const struct mcugen_matrix *matrix, const int8_t *input, int32_t y,
                                         int32_t rows, int32_t phase, const struct mcugen_taps *taps, int8_t *output,
                                         int8_t *scratch)
{
    const int32_t stride = params->stride_w, channels = params->output_c / params->groups;
    const int32_t column_bytes = matrix->depth * params->groups;
    /* The first output of the phase: (x + pad_left) % stride == phase. */
    const int32_t first = (phase + stride - params->pad_left % stride) % stride;
    for (int32_t x = first; x < params->output_w; x += 2 * stride) {
        const int32_t windows = x + stride < params->output_w ? 2 : 1;
        const int32_t tap_x = (x + params->pad_left) / stride - taps->before;
        for (int32_t i = 0; i < windows; i++) {
            mcugen_gather_taps(params, scratch + i * column_bytes, input, y, rows, tap_x + i, taps->count);
        }
        for (int32_t group = 0; group < params->groups; group++) {
            struct mcugen_matrix part = *matrix;
            const int8_t *const columns = scratch + group * matrix->depth;
            int8_t *const target = output + x * params->output_c + group * channels;
            part.weights += group * channels * mcugen_row_bytes(matrix, matrix->depth);
            part.bias += group * channels;
            part.multiplier += group * channels;
            part.shift += group * channels;
            if (windows == 2) {
                mcugen_two_columns(&part, columns, column_bytes, target, stride * params->output_c);
            } else {
                mcugen_one_column(&part, columns, target);
            }
        }
    }
}

/* weights: those of each phase, all phases of a row after another; bias: (phases, output_c);
 * phases: struct mcugen_taps for each vertical, then each horizontal phase, then where each phase's weights start. */
MCUGEN_KERNEL void mcugen_transposed_conv2d_s8(const struct mcugen_transposed_conv2d_params *params,
                                               const int8_t *input, const int8_t *weights, const int32_t *bias,
                                               const int32_t *multiplier, const int8_t *shift, const int32_t *phases,
                                               int8_t *output, void *scratch)
{
    const int32_t depth = params->input_c / params->groups;
    const int32_t *const horizontal = phases + 2 * params->stride_h;
    const int32_t *const starts = horizontal + 2 * params->stride_w;
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t row_phase = (y + params->pad_top) % params->stride_h;
        const int32_t rows = phases[2 * row_phase];
        const int32_t tap_y = (y + params->pad_top) / params->stride_h - phases[2 * row_phase + 1];
        for (int32_t phase = 0; phase < params->stride_w; phase++) {
            const int32_t index = row_phase * params->stride_w + phase;
            const struct mcugen_taps taps = {.count = horizontal[2 * phase], .before = horizontal[2 * phase + 1]};
            const struct mcugen_matrix matrix = {
                .weights = weights + starts[index],
                .bias = bias + index * params->output_c,
                .multiplier = multiplier,
                .shift = shift,
                .depth = rows * taps.count * depth,
                .channels = params->output_c / params->groups,
                .weight_bits = params->weight_bits,
                .zero_point = params->output_zero_point,
                .clamp_min = params->clamp_min,
                .clamp_max = params->clamp_max,
                .general = params->general_requantization,
            };
            mcugen_transposed_row(params, &matrix, input, tap_y, rows, phase, &taps, output, scratch);
        }
        output += params->output_w * params->output_c;
    }
}
