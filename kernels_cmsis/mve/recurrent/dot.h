/* Eight products of int16 a gate in one instruction. Where the depth ends in the middle of eight values, those beyond meet
 * weights of 0; the last row has eight bytes behind it. */
#ifndef MCUGEN_MVE_RECURRENT_DOT_H
#define MCUGEN_MVE_RECURRENT_DOT_H

#include "mve/vectors.h"
#include "portable/recurrent/layer.h"

MCUGEN_KERNEL void mcugen_recurrent_dot_mve(const int16_t *values, int32_t quads, const int8_t **weights, int gates,
                                            int32_t *sums)
{
    const int8_t *w = *weights;
    for (int32_t left = (quads + 1) / 2; left > 0; left--) {
        const int16x8_t eight = vldrhq_s16(values);
        values += 8;
#pragma GCC unroll 4
        for (int g = 0; g < gates; g++) {
            sums[g] = vmladavaq_s16(sums[g], eight, vldrbq_s16(w));
            w += 8;
        }
    }
    *weights = w;
}

#endif
