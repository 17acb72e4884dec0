/* Depthwise convolution: two output rows at a time, channel by channel. The inputs under a window of the upper row and
 * those under the window below it become pairs, column by column of the kernel, so that the windows of the next positions
 * follow in the same run of words; pairs.h multiplies them. Weights are in that order: column by column.
 *
 * Where the output may lie over the input byte by byte (`in_place`: one channel each, stride 1), one channel after the
 * other goes through all rows, and what two rows below need again is moved up: no byte is read once it is overwritten.
 * Else all channels of two output rows are done before the next two.
 * Scratch: the pairs of all columns. */
#include "armv6m/pairs.h"

/* used_w: input columns (borders included) that all windows cover; gathered_w: those of them that lie inside. */
struct mcugen_armv6m_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h;
    int32_t used_w, gathered_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t in_place;
    int32_t group;
    int32_t general_requantization;
};

MCUGEN_KERNEL int mcugen_armv6m_row_inside(const struct mcugen_armv6m_depthwise_params *params, int32_t y)
{
    return y >= 0 && y < params->input_h;
}

/* Pairs of `count` bytes of two rows, `step` bytes apart, every `words` words. */
MCUGEN_KERNEL void mcugen_armv6m_pair_rows(mcugen_armv6m_word *pairs, int32_t words, const int8_t *first,
                                           const int8_t *second, int32_t step, int32_t count)
{
#if MCUGEN_ARMV6M_ASSEMBLY
    register const int32_t bytes __asm__("r12") = 4 * words;
    register const int32_t apart __asm__("lr") = step;
    int32_t index = 0;
    __asm__ volatile(".syntax unified\n\t"
                     "1:\n\t"
                     "ldrsb r3, [%[first], %[index]]\n\t"
                     "ldrsb r4, [%[second], %[index]]\n\t"
                     "lsls r4, r4, #16\n\t"
                     "adds r3, r3, r4\n\t"
                     "str r3, [%[pairs], #0]\n\t"
                     "add %[index], %[apart]\n\t"
                     "add %[pairs], %[bytes]\n\t"
                     "subs %[count], %[count], #1\n\t"
                     "bne 1b\n\t"
                     : [pairs] "+l"(pairs), [count] "+l"(count), [index] "+l"(index)
                     : [first] "l"(first), [second] "l"(second), [bytes] "r"(bytes), [apart] "r"(apart)
                     : "r3", "r4", "cc", "memory");
#else
    for (int32_t i = 0; i < count; i++) {
        *pairs = (uint32_t)first[i * step] + ((uint32_t)second[i * step] << 16);
        pairs += words;
    }
#endif
}

/* The same of the rows `y` and `below`, which may be outside: there is the zero point everywhere. */
MCUGEN_KERNEL void mcugen_armv6m_pair_border(const struct mcugen_armv6m_depthwise_params *params,
                                             mcugen_armv6m_word *pairs, const int8_t *input, int32_t y, int32_t below)
{
    const int32_t row_bytes = params->input_w * params->input_c;
    const uint32_t outside = (uint32_t)params->input_zero_point;
    const int upper = mcugen_armv6m_row_inside(params, y), lower = mcugen_armv6m_row_inside(params, below);
    for (int32_t i = 0; i < params->gathered_w; i++) {
        const uint32_t first = upper ? (uint32_t)input[y * row_bytes] : outside;
        const uint32_t second = lower ? (uint32_t)input[below * row_bytes] : outside;
        *pairs = first + (second << 16);
        pairs += params->kernel_h;
        input += params->input_c;
    }
}

/* Pairs of one channel for two output rows: those of the kernel's rows from `row` on. `input` is at the channel, `y` the
 * input row of the first kernel row. */
MCUGEN_KERNEL void mcugen_armv6m_pair_channel(const struct mcugen_armv6m_depthwise_params *params,
                                              mcugen_armv6m_word *pairs, const int8_t *input, int32_t y, int32_t row)
{
    const int32_t row_bytes = params->input_w * params->input_c;
    pairs += params->pad_left * params->kernel_h;
    for (; row < params->kernel_h && params->gathered_w > 0; row++) {
        const int32_t first = y + row * params->dilation_h, second = first + params->stride_h;
        if (mcugen_armv6m_row_inside(params, first) && mcugen_armv6m_row_inside(params, second)) {
            mcugen_armv6m_pair_rows(pairs + row, params->kernel_h, input + first * row_bytes,
                                    input + second * row_bytes, params->input_c, params->gathered_w);
        } else {
            mcugen_armv6m_pair_border(params, pairs + row, input, first, second);
        }
    }
}

/* Pairs that the next two output rows need again; returns the first kernel row without. */
MCUGEN_KERNEL int32_t mcugen_armv6m_move_up(const struct mcugen_armv6m_depthwise_params *params,
                                            mcugen_armv6m_word *pairs)
{
    const int32_t kept = params->kernel_h > 2 ? params->kernel_h - 2 : 0;
    for (int32_t i = 0; i < params->used_w && kept > 0; i++) {
        for (int32_t row = 0; row < kept; row++) {
            pairs[row] = pairs[row + 2];
        }
        pairs += params->kernel_h;
    }
    return kept;
}

/* The outputs of one channel in both rows, the second `step` bytes behind the first; 0 leaves the first alone. */
MCUGEN_KERNEL void mcugen_armv6m_channel_rows(const struct mcugen_armv6m_depthwise_params *params,
                                              const struct mcugen_armv6m_matrix *m,
                                              const mcugen_armv6m_word *pairs, const int8_t *weights,
                                              int32_t channel, int8_t *output, int32_t step)
{
    const uint32_t bias = (uint32_t)m->bias[channel];
    const int32_t multiplier = m->multiplier[channel], shift = m->shift[channel];
    const struct mcugen_armv6m_sums start = {bias + (bias << 16), (int32_t)bias};
    for (int32_t x = 0; x < params->output_w; x++) {
        const struct mcugen_armv6m_sums sums = mcugen_armv6m_dot(pairs, weights, m->depth, m->group, start);
        const int32_t first = (int32_t)(sums.total - ((uint32_t)sums.high << 16));
        mcugen_armv6m_finish(&m->output, first, sums.high, multiplier, shift, output, step);
        pairs += params->stride_w * params->kernel_h;
        output += params->output_c;
    }
}

MCUGEN_KERNEL void mcugen_armv6m_depthwise_conv2d_s8(const struct mcugen_armv6m_depthwise_params *params,
                                                     const int8_t *input, const int8_t *weights, const int32_t *bias,
                                                     const int32_t *multiplier, const int8_t *shift, int8_t *output,
                                                     void *scratch)
{
    const int32_t words = params->used_w * params->kernel_h;
    const int32_t row_bytes = params->output_w * params->output_c;
    const int32_t multiple = params->output_c / params->input_c;
    const struct mcugen_armv6m_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = params->kernel_h * params->kernel_w,
        .channels = params->output_c,
        .group = params->group,
        .output = {params->output_zero_point, params->clamp_min, params->clamp_max, params->general_requantization},
    };
    mcugen_armv6m_word *const pairs = scratch;
    /* Borders left and right keep the zero point from here on. */
    for (int32_t i = 0; i < words; i++) {
        pairs[i] = (uint32_t)params->input_zero_point + ((uint32_t)params->input_zero_point << 16);
    }
    if (params->in_place) {
        for (int32_t c = 0; c < params->input_c; c++) {
            int32_t row = 0;
            for (int32_t y = 0; y < params->output_h; y += 2) {
                const int32_t step = params->output_h - y == 1 ? 0 : row_bytes;
                mcugen_armv6m_pair_channel(params, pairs, input + c, y - params->pad_top, row);
                mcugen_armv6m_channel_rows(params, &matrix, pairs, weights, c, output + y * row_bytes + c, step);
                row = mcugen_armv6m_move_up(params, pairs);
            }
            weights = mcugen_armv6m_next_weights(weights, c, matrix.depth);
        }
        return;
    }
    for (int32_t y = 0; y < params->output_h; y += 2) {
        /* An odd last row is written over what stands for the row below it. */
        const int32_t step = params->output_h - y == 1 ? 0 : row_bytes;
        const int8_t *of_channel = weights;
        int32_t channel = 0;
        for (int32_t c = 0; c < params->input_c; c++) {
            mcugen_armv6m_pair_channel(params, pairs, input + c, y * params->stride_h - params->pad_top, 0);
            for (int32_t i = 0; i < multiple; i++) {
                mcugen_armv6m_channel_rows(params, &matrix, pairs, of_channel, channel, output + channel, step);
                of_channel = mcugen_armv6m_next_weights(of_channel, channel, matrix.depth);
                channel++;
            }
        }
        output += 2 * row_bytes;
    }
}
