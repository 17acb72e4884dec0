/* Averages over windows of any sizes. */
#ifndef MCUGEN_PORTABLE_ADAPTIVE_AVERAGE_H
#define MCUGEN_PORTABLE_ADAPTIVE_AVERAGE_H

#include "portable/pooling/spans.h"

/* The mean of one channel over `rows` by `columns` positions; bytes: of an element, 1 or 2. */
MCUGEN_KERNEL int32_t mcugen_adaptive_window_mean(const struct mcugen_adaptive_pool_params *params, const int8_t *input,
                                                  int32_t bytes, int32_t rows, int32_t columns)
{
    const int32_t count = rows * columns;
    int32_t sum = 0;
    for (int32_t y = 0; y < rows; y++) {
        const int8_t *x = input + bytes * y * params->input_w * params->channels;
        for (int32_t left = columns; left > 0; left--) {
            sum += (int32_t)mcugen_load_integer(x, bytes);
            x += bytes * params->channels;
        }
    }
    return (sum < 0 ? sum - count / 2 : sum + count / 2) / count;
}

/* rows, columns: first and end of each window. */
MCUGEN_KERNEL void mcugen_adaptive_average_pool2d(const struct mcugen_adaptive_pool_params *params, const int8_t *input,
                                                  const int16_t *rows, const int16_t *columns, int8_t *output,
                                                  int32_t bytes)
{
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t top = rows[2 * y], height = rows[2 * y + 1] - top;
        for (int32_t x = 0; x < params->output_w; x++) {
            const int32_t left = columns[2 * x], width = columns[2 * x + 1] - left;
            const int8_t *const window = input + bytes * (top * params->input_w + left) * params->channels;
            for (int32_t channel = 0; channel < params->channels; channel++) {
                const int8_t *const first = window + bytes * channel;
                mcugen_store_integer(output, mcugen_adaptive_window_mean(params, first, bytes, height, width), bytes);
                output += bytes;
            }
        }
    }
}

#endif
