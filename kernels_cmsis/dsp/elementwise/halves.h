/* Pairs of int16 in a word: how element-wise kernels read, limit and write them. */
#ifndef MCUGEN_DSP_HALVES_H
#define MCUGEN_DSP_HALVES_H

#include "dsp/intrinsics.h"

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

/* Runs along the innermost axis of two inputs, each of which may be one element again and again: `result` is a pair of
 * outputs from `pair0` and `pair1`; of an element that is left over the low half counts. */
#define MCUGEN_DSP_ROW_OF_HALVES(params, input0, input1, output, result)                                               \
    {                                                                                                                  \
        const int32_t count = (params)->shape[5], varies0 = (params)->step0[5], varies1 = (params)->step1[5];          \
        const uint32_t all0 = mcugen_pair(*(input0), *(input0)), all1 = mcugen_pair(*(input1), *(input1));             \
        const int8_t *from0 = (const int8_t *)(input0), *from1 = (const int8_t *)(input1);                             \
        int8_t *to = (int8_t *)(output);                                                                               \
        for (int32_t fours = count / 4; fours > 0; fours--) {                                                          \
            MCUGEN_UNROLL(2)                                                                                           \
            for (int32_t at = 0; at < 8; at += 4) {                                                                    \
                const uint32_t pair0 = varies0 ? mcugen_load_word(from0 + at) : all0;                                  \
                const uint32_t pair1 = varies1 ? mcugen_load_word(from1 + at) : all1;                                  \
                mcugen_store_word(to + at, result);                                                                    \
            }                                                                                                          \
            from0 += 8;                                                                                                \
            from1 += 8;                                                                                                \
            to += 8;                                                                                                   \
        }                                                                                                              \
        for (int32_t left = count % 4; left > 0; left--) {                                                             \
            const uint32_t pair0 = varies0 ? mcugen_load_half(from0) : all0;                                           \
            const uint32_t pair1 = varies1 ? mcugen_load_half(from1) : all1;                                           \
            mcugen_store_half(to, result);                                                                             \
            from0 += 2;                                                                                                \
            from1 += 2;                                                                                                \
            to += 2;                                                                                                   \
        }                                                                                                              \
        (output) += count;                                                                                             \
    }

#endif
