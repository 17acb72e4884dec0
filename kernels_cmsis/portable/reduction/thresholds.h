/* A monotone function of a sum, as the number of thresholds that the sum reaches. */
#ifndef MCUGEN_THRESHOLDS_H
#define MCUGEN_THRESHOLDS_H

#include "mcugen_kernels.h"

/* How many of 255 ascending thresholds are at most `sum`. */
MCUGEN_KERNEL int32_t mcugen_reached(const int32_t *thresholds, int32_t sum)
{
    int32_t reached = 0;
    for (int32_t step = 128; step > 0; step >>= 1) {
        reached += thresholds[reached + step - 1] <= sum ? step : 0;
    }
    return reached;
}

#endif
