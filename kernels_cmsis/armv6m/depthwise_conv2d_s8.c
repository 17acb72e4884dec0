/* Depthwise convolution: two output rows at a time, channel by channel. The inputs under a window of the upper row and
 * those under the window below it become pairs, column by column of the kernel, so that the windows of the next positions
 * follow in the same run of words; pairs.h multiplies them. Weights are in that order: column by column.
 *
 * Two output rows are written while the input rows that they need are being read.
 * Scratch: the pairs of all columns and one more word, offsets of the input rows, the zero point. */
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
    int32_t group;
    int32_t general_requantization;
};

/* Where two input rows start, counted from the input; -1 where a row is outside. */
struct mcugen_armv6m_rows {
    int32_t first, second;
};

MCUGEN_KERNEL int32_t mcugen_armv6m_row_offset(const struct mcugen_armv6m_depthwise_params *params, int32_t y)
{
    return y >= 0 && y < params->input_h ? y * params->input_w * params->input_c : -1;
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

/* The same where a row may be outside: it has the zero point everywhere. */
MCUGEN_KERNEL void mcugen_armv6m_pair_border(const struct mcugen_armv6m_depthwise_params *params,
                                             mcugen_armv6m_word *pairs, const int8_t *input,
                                             const struct mcugen_armv6m_rows *rows)
{
    const uint32_t outside = (uint32_t)params->input_zero_point;
    for (int32_t i = 0; i < params->gathered_w; i++) {
        const int8_t *const x = input + i * params->input_c;
        const uint32_t first = rows->first < 0 ? outside : (uint32_t)x[rows->first];
        const uint32_t second = rows->second < 0 ? outside : (uint32_t)x[rows->second];
        *pairs = first + (second << 16);
        pairs += params->kernel_h;
    }
}

/* The pairs of one channel; `input` is at the channel. */
MCUGEN_KERNEL void mcugen_armv6m_pair_channel(const struct mcugen_armv6m_depthwise_params *params,
                                              mcugen_armv6m_word *pairs, const int8_t *input,
                                              const struct mcugen_armv6m_rows *rows)
{
    pairs += params->pad_left * params->kernel_h;
    for (int32_t row = 0; row < params->kernel_h && params->gathered_w > 0; row++) {
        if (rows->first >= 0 && rows->second >= 0) {
            mcugen_armv6m_pair_rows(pairs, params->kernel_h, input + rows->first, input + rows->second,
                                    params->input_c, params->gathered_w);
        } else {
            mcugen_armv6m_pair_border(params, pairs, input, rows);
        }
        pairs++;
        rows++;
    }
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
        const struct mcugen_armv6m_sums sums = mcugen_armv6m_dot(pairs, weights, m->steps, m->group, start);
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
    const int32_t taps = params->kernel_h * params->kernel_w, words = params->used_w * params->kernel_h;
    const int32_t row_bytes = params->output_w * params->output_c;
    const int32_t multiple = params->output_c / params->input_c;
    const struct mcugen_armv6m_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .steps = (taps + 1) / 2,
        .channels = params->output_c,
        .group = params->group,
        .output = {params->output_zero_point, params->clamp_min, params->clamp_max, params->general_requantization},
    };
    mcugen_armv6m_word *const pairs = scratch;
    struct mcugen_armv6m_rows *const rows = (struct mcugen_armv6m_rows *)(void *)(pairs + words + 1);
    /* Borders left and right keep the zero point from here on. An odd number of taps reads one word behind its own. */
    for (int32_t i = 0; i <= words; i++) {
        pairs[i] = (uint32_t)params->input_zero_point + ((uint32_t)params->input_zero_point << 16);
    }
    int32_t y = -params->pad_top;
    for (int32_t left = params->output_h; left > 0; left -= 2) {
        /* An odd last row is its own neighbour. */
        const int32_t next = left == 1 ? 0 : params->stride_h, step = left == 1 ? 0 : row_bytes;
        for (int32_t row = 0; row < params->kernel_h; row++) {
            rows[row].first = mcugen_armv6m_row_offset(params, y + row * params->dilation_h);
            rows[row].second = mcugen_armv6m_row_offset(params, y + row * params->dilation_h + next);
        }
        int32_t channel = 0;
        const int8_t *taps_of = weights;
        for (int32_t c = 0; c < params->input_c; c++) {
            mcugen_armv6m_pair_channel(params, pairs, input + c, rows);
            for (int32_t i = 0; i < multiple; i++) {
                mcugen_armv6m_channel_rows(params, &matrix, pairs, taps_of, channel, output + channel, step);
                taps_of += mcugen_armv6m_to_next_channel(channel, matrix.steps);
                channel++;
            }
        }
        y += 2 * params->stride_h;
        output += 2 * row_bytes;
    }
}
