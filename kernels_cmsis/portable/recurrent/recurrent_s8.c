/* Recurrent layers on any CPU. */
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

#define MCUGEN_RECURRENT(name) mcugen_##name
#define MCUGEN_RECURRENT_DOT mcugen_recurrent_dot_portable
#include "kernels.h"
