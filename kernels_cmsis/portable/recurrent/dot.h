/* Products of a row with the weights of several gates, on any CPU. */
#ifndef MCUGEN_RECURRENT_DOT_PORTABLE_H
#define MCUGEN_RECURRENT_DOT_PORTABLE_H

#include "layer.h"

MCUGEN_KERNEL void mcugen_recurrent_dot_portable(const int16_t *values, int32_t quads, const int8_t **weights,
                                                 int gates, int32_t *sums)
{
    const int8_t *w = *weights;
    for (; quads > 0; quads--) {
#pragma GCC unroll 4
        for (int g = 0; g < gates; g++) {
            sums[g] += w[0] * values[0] + w[2] * values[1] + w[1] * values[2] + w[3] * values[3];
            w += 4;
        }
        values += 4;
    }
    *weights = w;
}

#endif
