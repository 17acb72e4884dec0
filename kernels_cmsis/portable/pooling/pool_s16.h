/* The windows of a pooling of int16, and what one of them gives, channel by channel. */
#ifndef MCUGEN_PORTABLE_POOL_S16_H
#define MCUGEN_PORTABLE_POOL_S16_H

#include "portable/pooling/pool.h"

/* The same windows, counted in bytes. */
MCUGEN_KERNEL struct mcugen_pool_params mcugen_pool_in_bytes(const struct mcugen_pool_params *params)
{
    struct mcugen_pool_params bytes = *params;
    bytes.input_c *= 2;
    return bytes;
}

/* Runs `result` for every `window`, whose first position is at `first`. */
#define MCUGEN_EACH_WINDOW_S16(params, input, result)                                                                  \
    {                                                                                                                  \
        const struct mcugen_pool_params bytes = mcugen_pool_in_bytes(params);                                          \
        int32_t y = -(params)->pad_top;                                                                                \
        for (int32_t out_y = 0; out_y < (params)->output_h; out_y++) {                                                 \
            int32_t x = -(params)->pad_left;                                                                           \
            for (int32_t out_x = 0; out_x < (params)->output_w; out_x++) {                                             \
                const struct mcugen_window window = mcugen_window_at(&bytes, (const int8_t *)(input), y, x);           \
                const int16_t *first = (const int16_t *)(const void *)window.input;                                    \
                result;                                                                                                \
                x += (params)->stride_w;                                                                               \
            }                                                                                                          \
            y += (params)->stride_h;                                                                                   \
        }                                                                                                              \
    }

MCUGEN_KERNEL int16_t mcugen_rounded_mean_s16(const struct mcugen_pool_params *params, int32_t sum, int32_t count)
{
    /* C's division truncates. */
    int32_t mean = (sum < 0 ? sum - count / 2 : sum + count / 2) / count;
    mean = mean < params->clamp_min ? params->clamp_min : mean;
    return (int16_t)(mean > params->clamp_max ? params->clamp_max : mean);
}

/* The channels from c on. Returns the output's end. */
MCUGEN_KERNEL int16_t *mcugen_window_means_s16(const struct mcugen_pool_params *params, struct mcugen_window window,
                                               const int16_t *first, int32_t c, int16_t *output)
{
    for (; c < params->input_c; c++) {
        int32_t sum = 0;
        for (int32_t y = 0; y < window.rows; y++) {
            for (int32_t i = 0; i < window.columns; i++) {
                sum += first[(y * params->input_w + i) * params->input_c + c];
            }
        }
        *output++ = mcugen_rounded_mean_s16(params, sum, window.rows * window.columns);
    }
    return output;
}

MCUGEN_KERNEL int16_t *mcugen_window_maxima_s16(const struct mcugen_pool_params *params, struct mcugen_window window,
                                                const int16_t *first, int32_t c, int16_t *output)
{
    for (; c < params->input_c; c++) {
        int32_t most = params->clamp_min;
        for (int32_t y = 0; y < window.rows; y++) {
#pragma GCC unroll 4
            for (int32_t i = 0; i < window.columns; i++) {
                const int32_t x = first[(y * params->input_w + i) * params->input_c + c];
                most = x > most ? x : most;
            }
        }
        *output++ = (int16_t)(most > params->clamp_max ? params->clamp_max : most);
    }
    return output;
}

#endif
