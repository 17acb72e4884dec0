/* Convolution of any kernel, stride, padding and dilation: the windows of four positions become two words for each input
 * (im2col), borders filled with the input zero point, then the matrix product.
 *
 * The windows are read before their outputs are written. Scratch: the words of four columns; behind them one kernel row
 * of four windows as bytes, for rows that are not whole in the input.
 */
#include "armv7m/gemm.h"
#include "portable/bytes.h"

struct mcugen_armv7m_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t field_bits;
};

/* An output position, and the first tap of its window, which may be outside. */
struct mcugen_armv7m_position {
    int32_t column, y, x;
};

MCUGEN_KERNEL void mcugen_armv7m_next_position(const struct mcugen_armv7m_conv2d_params *params,
                                               struct mcugen_armv7m_position *position)
{
    position->x += params->stride_w;
    if (++position->column == params->output_w) {
        position->column = 0;
        position->x = -params->pad_left;
        position->y += params->stride_h;
    }
}

/* The taps of one kernel row as bytes: kernel_w * input_c. */
MCUGEN_KERNEL void mcugen_armv7m_window_row(const struct mcugen_armv7m_conv2d_params *params, int8_t *target,
                                            const int8_t *input, int32_t y, int32_t x)
{
    const int32_t depth = params->input_c, taps = params->kernel_w;
    if (y < 0 || y >= params->input_h) {
        (void)mcugen_fill(target, params->input_zero_point, taps * depth);
        return;
    }
    const int8_t *row = input + y * params->input_w * depth;
    if (params->dilation_w == 1 && x >= 0 && x + taps <= params->input_w) {
        (void)mcugen_copy(target, row + x * depth, taps * depth);
        return;
    }
    for (int32_t tap = 0; tap < taps; tap++) {
        if (x >= 0 && x < params->input_w) {
            target = mcugen_copy(target, row + x * depth, depth);
        } else {
            target = mcugen_fill(target, params->input_zero_point, depth);
        }
        x += params->dilation_w;
    }
}

/* The words of `columns` (1 to 4, a constant) windows from `position` on, which moves behind them. */
MCUGEN_KERNEL void mcugen_armv7m_windows(const struct mcugen_armv7m_conv2d_params *params, mcugen_armv7m_word *words,
                                         const int8_t *input, struct mcugen_armv7m_position *position, int columns,
                                         int8_t *rows)
{
    const int32_t taps_bytes = params->kernel_w * params->input_c, step = params->stride_w * params->input_c;
    const int bits = (int)params->field_bits;
    const struct mcugen_armv7m_position first = *position;
    const int32_t last_x = first.x + (columns - 1) * params->stride_w;
    const int in_one_row = params->dilation_w == 1 && first.column + columns <= params->output_w && first.x >= 0 &&
                           last_x + params->kernel_w <= params->input_w;
    for (int32_t tap = 0; tap < params->kernel_h; tap++) {
        const int32_t down = tap * params->dilation_h, y = first.y + down;
        if (in_one_row && y >= 0 && y < params->input_h) {
            const int8_t *run = input + (y * params->input_w + first.x) * params->input_c;
            words = mcugen_armv7m_pack(words, run, step, taps_bytes, columns, bits);
            continue;
        }
        *position = first;
        for (int i = 0; i < columns; i++) {
            mcugen_armv7m_window_row(params, rows + i * taps_bytes, input, position->y + down, position->x);
            mcugen_armv7m_next_position(params, position);
        }
        words = mcugen_armv7m_pack(words, rows, taps_bytes, taps_bytes, columns, bits);
    }
    *position = first;
    for (int i = 0; i < columns; i++) {
        mcugen_armv7m_next_position(params, position);
    }
}

MCUGEN_KERNEL void mcugen_armv7m_conv2d_s8(const struct mcugen_armv7m_conv2d_params *params, const int8_t *input,
                                           const uint32_t *weights, int8_t *output, void *scratch)
{
    const struct mcugen_armv7m_output out = {params->output_zero_point, params->clamp_min, params->clamp_max};
    const int32_t depth = params->kernel_h * params->kernel_w * params->input_c;
    const int32_t positions = params->output_h * params->output_w;
    const int rest = (int)(positions % MCUGEN_ARMV7M_COLUMNS), bits = (int)params->field_bits;
    mcugen_armv7m_word *const words = scratch;
    int8_t *const rows = (int8_t *)(words + (positions > 2 ? 2 : 1) * mcugen_armv7m_padded(depth));
    struct mcugen_armv7m_position position = {0, -params->pad_top, -params->pad_left};
    for (int32_t left = positions / MCUGEN_ARMV7M_COLUMNS; left > 0; left--) {
        mcugen_armv7m_windows(params, words, input, &position, MCUGEN_ARMV7M_COLUMNS, rows);
        mcugen_armv7m_gemm(words, depth, weights, output, params->output_c, MCUGEN_ARMV7M_COLUMNS, bits, &out);
        output += MCUGEN_ARMV7M_COLUMNS * params->output_c;
    }
    if (rest != 0) {
        mcugen_armv7m_windows(params, words, input, &position, rest, rows);
        mcugen_armv7m_gemm(words, depth, weights, output, params->output_c, rest, bits, &out);
    }
}
