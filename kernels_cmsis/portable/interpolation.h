/* A function of an int16 by interpolation: 513 entries, one for every 128th integer, and lines between them. */
#ifndef MCUGEN_PORTABLE_INTERPOLATION_H
#define MCUGEN_PORTABLE_INTERPOLATION_H

#include "mcugen_kernels.h"

/* x: an int16. */
MCUGEN_KERNEL int32_t mcugen_interpolate(int32_t x, const int16_t *entries)
{
    const int16_t *here = entries + 256 + (x >> 7);
    return here[0] + (((here[1] - here[0]) * (x & 127) + 64) >> 7);
}

#endif
