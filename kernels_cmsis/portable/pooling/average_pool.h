/* The mean of one channel of one window. */
#ifndef MCUGEN_PORTABLE_AVERAGE_POOL_H
#define MCUGEN_PORTABLE_AVERAGE_POOL_H

#include "portable/pooling/pool.h"

/* sum / count, rounded half away from zero and clamped. */
MCUGEN_KERNEL int8_t mcugen_rounded_mean(const struct mcugen_pool_params *params, int32_t sum, int32_t count)
{
    /* C's division truncates. */
    int32_t mean = (sum < 0 ? sum - count / 2 : sum + count / 2) / count;
    mean = mean < params->clamp_min ? params->clamp_min : mean;
    return (int8_t)(mean > params->clamp_max ? params->clamp_max : mean);
}

/* The channels from c on, one by one. Returns the output's end. */
MCUGEN_KERNEL int8_t *mcugen_window_means(const struct mcugen_pool_params *params, struct mcugen_window window,
                                          int32_t c, int8_t *output)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth;
    for (; c < depth; c++) {
        const int8_t *row = window.input + c;
        int32_t sum = 0;
        for (int32_t y = 0; y < window.rows; y++) {
            const int8_t *x = row;
            for (int32_t i = 0; i < window.columns; i++) {
                sum += *x;
                x += depth;
            }
            row += row_bytes;
        }
        *output++ = mcugen_rounded_mean(params, sum, window.rows * window.columns);
    }
    return output;
}

#endif
