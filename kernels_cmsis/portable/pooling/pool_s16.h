/* The windows of a pooling of int16. */
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

/* Runs `result` for every channel of every window: `window` and its first element `first` are what it reads. */
#define MCUGEN_EACH_WINDOW_S16(params, input, result)                                                                  \
    {                                                                                                                  \
        const struct mcugen_pool_params bytes = mcugen_pool_in_bytes(params);                                          \
        int32_t y = -(params)->pad_top;                                                                                \
        for (int32_t out_y = 0; out_y < (params)->output_h; out_y++) {                                                 \
            int32_t x = -(params)->pad_left;                                                                           \
            for (int32_t out_x = 0; out_x < (params)->output_w; out_x++) {                                             \
                const struct mcugen_window window = mcugen_window_at(&bytes, (const int8_t *)(input), y, x);           \
                for (int32_t c = 0; c < (params)->input_c; c++) {                                                      \
                    const int16_t *first = (const int16_t *)(const void *)window.input + c;                            \
                    result;                                                                                            \
                }                                                                                                      \
                x += (params)->stride_w;                                                                               \
            }                                                                                                          \
            y += (params)->stride_h;                                                                                   \
        }                                                                                                              \
    }

#endif
