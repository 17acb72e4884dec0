/* Pairs of int16 in a word: how element-wise kernels read, limit and write them. */
#ifndef MCUGEN_DSP_HALVES_H
#define MCUGEN_DSP_HALVES_H

#include "../intrinsics.h"

/* The next `count` (1 or 2) elements. */
MCUGEN_KERNEL uint32_t mcugen_load_halves(const int8_t *from, int32_t count)
{
    int16_t half;
    if (count == 2) {
        return mcugen_load_word(from);
    }
    memcpy(&half, from, sizeof half);
    return (uint16_t)half;
}

MCUGEN_KERNEL void mcugen_store_halves(int8_t *to, uint32_t pair, int32_t count)
{
    const int16_t half = (int16_t)mcugen_low(pair);
    if (count == 2) {
        mcugen_store_word(to, pair);
    } else {
        memcpy(to, &half, sizeof half);
    }
}

/* Limits both; nothing to do for a limit that is the end of int16. */
MCUGEN_KERNEL uint32_t mcugen_clamp_halves(uint32_t pair, int32_t clamp_min, int32_t clamp_max)
{
    pair = clamp_min > INT16_MIN ? mcugen_larger_halves(pair, mcugen_pair(clamp_min, clamp_min)) : pair;
    return clamp_max < INT16_MAX ? mcugen_smaller_halves(pair, mcugen_pair(clamp_max, clamp_max)) : pair;
}

#endif
