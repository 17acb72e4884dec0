/* Maxima of some channels of one window. */
#ifndef MCUGEN_PORTABLE_MAX_POOL_H
#define MCUGEN_PORTABLE_MAX_POOL_H

#include "portable/pooling/pool.h"

MCUGEN_KERNEL int32_t mcugen_larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Channels c ... c + block - 1, where `block` is 1, 2 or 4 and constant. Returns the output's end. */
MCUGEN_KERNEL int8_t *mcugen_window_maxima(const struct mcugen_pool_params *params, struct mcugen_window window,
                                           int32_t c, int32_t block, int8_t *output)
{
    const int32_t depth = params->input_c, row_bytes = params->input_w * depth;
    int32_t most[4] = {params->clamp_min, params->clamp_min, params->clamp_min, params->clamp_min};
    const int8_t *row = window.input + c;
    for (int32_t y = 0; y < window.rows; y++) {
        const int8_t *x = row;
#pragma GCC unroll 4
        for (int32_t i = 0; i < window.columns; i++) {
            most[0] = mcugen_larger(most[0], x[0]);
            if (block > 1) {
                most[1] = mcugen_larger(most[1], x[1]);
            }
            if (block > 2) {
                most[2] = mcugen_larger(most[2], x[2]);
                most[3] = mcugen_larger(most[3], x[3]);
            }
            x += depth;
        }
        row += row_bytes;
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < block; i++) {
        *output++ = (int8_t)(most[i] > params->clamp_max ? params->clamp_max : most[i]);
    }
    return output;
}

/* The channels from c on. */
MCUGEN_KERNEL int8_t *mcugen_window_maxima_one_by_one(const struct mcugen_pool_params *params,
                                                      struct mcugen_window window, int32_t c, int8_t *output)
{
    for (; c < params->input_c; c++) {
        output = mcugen_window_maxima(params, window, c, 1, output);
    }
    return output;
}

#endif
