/* Transposed convolution as convolutions without stride: output positions that lie alike between the input positions (a
 * phase: the remainder of their place by the stride) meet the same taps, last ones first. The input rows of an output row
 * become one strip for all its phases, in which the window of every position is contiguous: a column of the matrix product.
 *
 * A block of input positions of a row at a time, group by group.
 */
#include "mve/convolution/columns.h"
#include "mve/gemm.h"

/* first_column, columns: of the strip of one input position, for all phases; block_w: input positions at a time;
 * step_h: input rows from one tap of a phase to the next.
 * rows, chunks: those of every phase where all have as many, else 0.
 * general_requantization: 1 when a shift is above -1. */
struct mcugen_mve_transposed_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t step_h;
    int32_t first_column, columns, block_w;
    int32_t rows, chunks;
    int32_t groups;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

/* One group of one phase. `strip` is that of input position `position` and of the next ones, `count` in all; `output` the
 * group's first channel of the output row. */
MCUGEN_KERNEL void mcugen_mve_phase_block(const struct mcugen_mve_transposed_conv2d_params *params,
                                          const int8_t *strip, int32_t column, int32_t position, int32_t count,
                                          int32_t phase, int32_t chunks, const mcugen_mve_word *weights, int8_t *output,
                                          const struct mcugen_mve_output *out)
{
    const int32_t channels = params->output_c / params->groups, step = params->stride_w * params->output_c;
    int32_t x = position * params->stride_w + phase - params->pad_left;
    /* Only the first input position has outputs before the row. */
    if (x < 0) {
        x += params->stride_w;
        strip += column;
        count--;
    }
    const int32_t last = (params->output_w - x + params->stride_w - 1) / params->stride_w;
    count = last < count ? last : count;
    output += x * params->output_c;
    for (; count > 1; count -= 2) {
        mcugen_mve_gemm_2(strip, strip + column, weights, chunks, output, channels, step, params->weight_bits, out);
        strip += 2 * column;
        output += 2 * step;
    }
    if (count > 0) {
        mcugen_mve_gemm_1(strip, weights, chunks, output, channels, params->weight_bits, out);
    }
}

/* An output row: `y` is its place among the input rows, `row_phase` the rest. */
MCUGEN_KERNEL void mcugen_mve_transposed_row(const struct mcugen_mve_transposed_conv2d_params *params,
                                             const struct mcugen_mve_columns *layout, const int8_t *input, int32_t y,
                                             const int32_t *weights, const int32_t *phases, int8_t *output,
                                             int8_t *scratch, const struct mcugen_mve_output *out)
{
    const int32_t channels = params->output_c / params->groups, column = layout->rows * layout->depth;
    const int32_t first = params->pad_left / params->stride_w;
    const int32_t end = (params->output_w - 1 + params->pad_left) / params->stride_w + 1;
    for (int32_t position = first; position < end; position += params->block_w) {
        const int32_t left = end - position, now = left < params->block_w ? left : params->block_w;
        for (int32_t group = 0; group < params->groups; group++) {
            mcugen_mve_strip(layout, scratch, input + group * layout->depth, y, position + params->first_column,
                             now - 1 + params->columns);
            for (int32_t phase = 0; phase < params->stride_w; phase++) {
                const int32_t *const own = phases + 3 * phase;
                const int32_t chunks = params->chunks > 0 ? params->chunks : own[1];
                const int32_t group_words = mcugen_mve_stream_words(channels, chunks, params->weight_bits);
                mcugen_mve_phase_block(params, scratch + own[0] * column, column, position, now, phase, chunks,
                                       weights + own[2] + group * group_words, output + group * channels, out);
            }
        }
    }
}

/* phases: for each vertical phase its rows and the first of them, from the output's own input row; then for each vertical
 * and each horizontal phase its first column in the strip, its vectors, and where its weights start, in words. */
MCUGEN_KERNEL void mcugen_mve_transposed_conv2d_s8(const struct mcugen_mve_transposed_conv2d_params *params,
                                                   const int8_t *input, const int32_t *weights, const int32_t *phases,
                                                   int8_t *output, void *scratch)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization};
    const int32_t *const horizontal = phases + 2 * params->stride_h;
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t place = (y + params->pad_top) / params->stride_h;
        const int32_t phase = (y + params->pad_top) % params->stride_h;
        const struct mcugen_mve_columns layout = {
            .input_h = params->input_h,
            .input_w = params->input_w,
            .input_c = params->input_c,
            .groups = params->groups,
            .depth = params->input_c / params->groups,
            .rows = params->rows > 0 ? params->rows : phases[2 * phase],
            .row_step = params->step_h,
            .zero_point = params->input_zero_point,
        };
        mcugen_mve_transposed_row(params, &layout, input, place + phases[2 * phase + 1], weights,
                                  horizontal + 3 * params->stride_w * phase, output, scratch, &out);
        output += params->output_w * params->output_c;
    }
}
