/* Pairs of int16 in a word: how element-wise kernels read, limit and write them. */
#ifndef MCUGEN_DSP_HALVES_H
#define MCUGEN_DSP_HALVES_H

#include "../intrinsics.h"

/* One element, as the low half; the high one is 0. */
MCUGEN_KERNEL uint32_t mcugen_load_half(const int8_t *from)
{
    uint16_t half;
    memcpy(&half, from, sizeof half);
    return half;
}

/* Writes the low one. */
MCUGEN_KERNEL void mcugen_store_half(int8_t *to, uint32_t pair)
{
    const uint16_t half = (uint16_t)(pair & 0xffffu);
    memcpy(to, &half, sizeof half);
}

/* Limits both; nothing to do for a limit that is the end of int16. */
MCUGEN_KERNEL uint32_t mcugen_clamp_halves(uint32_t pair, int32_t clamp_min, int32_t clamp_max)
{
    pair = clamp_min > INT16_MIN ? mcugen_larger_halves(pair, mcugen_pair(clamp_min, clamp_min)) : pair;
    return clamp_max < INT16_MAX ? mcugen_smaller_halves(pair, mcugen_pair(clamp_max, clamp_max)) : pair;
}

#endif
