/* Products of a row with the weights of several gates, on dual 16-bit products: the gates are the channels of a block of
 * gemm.h. */
#ifndef MCUGEN_DSP_RECURRENT_DOT_H
#define MCUGEN_DSP_RECURRENT_DOT_H

#include "dsp/gemm.h"
#include "portable/recurrent/layer.h"

MCUGEN_KERNEL void mcugen_recurrent_quad(const mcugen_word **x, const mcugen_word **w, int gates, int32_t *sums)
{
    uint32_t low, high;
    mcugen_next_pair(x, &low, &high);
    mcugen_dsp_dot_step(low, high, w, gates, sums);
}

MCUGEN_KERNEL void mcugen_recurrent_dot_dsp(const int16_t *values, int32_t quads, const int8_t **weights, int gates,
                                            int32_t *sums)
{
    const mcugen_word *x = (const mcugen_word *)(const void *)values;
    const mcugen_word *w = (const mcugen_word *)(const void *)*weights;
    int32_t left = quads % 4;
    for (const mcugen_word *const end = x + 2 * (quads - left); x != end;) {
        mcugen_recurrent_quad(&x, &w, gates, sums);
        mcugen_recurrent_quad(&x, &w, gates, sums);
        mcugen_recurrent_quad(&x, &w, gates, sums);
        mcugen_recurrent_quad(&x, &w, gates, sums);
    }
    for (; left > 0; left--) {
        mcugen_recurrent_quad(&x, &w, gates, sums);
    }
    *weights = (const int8_t *)(const void *)w;
}

#endif
