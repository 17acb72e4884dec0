/* Averages over windows of any sizes of at most 255 elements: mcugen_adaptive_average_pool2d_s8 of the portable library,
 * eight channels at a time. */
#include "mve/pooling/mean.h"
#include "portable/pooling/spans.h"

/* Up to eight channels of one window. */
MCUGEN_KERNEL void mcugen_mve_span_mean(const struct mcugen_adaptive_pool_params *params, const int8_t *input,
                                        int32_t rows, int32_t columns, int8_t *output, mve_pred16_t active, int partly)
{
    const int32_t count = rows * columns;
    const uint32_t reciprocal = mcugen_mve_reciprocal(count);
    int16x8_t sums = vdupq_n_s16(0);
    for (; rows > 0; rows--) {
        sums = mcugen_mve_sum_positions(sums, input, params->channels, columns, active, partly);
        input += params->input_w * params->channels;
    }
    struct mcugen_mve_eight means = mcugen_mve_widened(sums);
    means.even = mcugen_mve_mean(means.even, count, reciprocal);
    means.odd = mcugen_mve_mean(means.odd, count, reciprocal);
    mcugen_mve_store_eight(output, means, active, partly);
}

MCUGEN_KERNEL void mcugen_mve_adaptive_average_pool2d_s8(const struct mcugen_adaptive_pool_params *params,
                                                         const int8_t *input, const int16_t *rows,
                                                         const int16_t *columns, int8_t *output)
{
    const int32_t rest = params->channels % 8;
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t top = rows[2 * y], height = rows[2 * y + 1] - top;
        for (int32_t x = 0; x < params->output_w; x++) {
            const int32_t left = columns[2 * x], width = columns[2 * x + 1] - left;
            const int8_t *window = input + (top * params->input_w + left) * params->channels;
            for (int32_t blocks = params->channels / 8; blocks > 0; blocks--) {
                mcugen_mve_span_mean(params, window, height, width, output, 0, 0);
                window += 8;
                output += 8;
            }
            if (rest != 0) {
                mcugen_mve_span_mean(params, window, height, width, output, vctp16q((uint32_t)rest), 1);
                output += rest;
            }
        }
    }
}
