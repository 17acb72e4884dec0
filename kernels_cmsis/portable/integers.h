/* Integers of 1, 2, 4 or 8 bytes in memory. */
#ifndef MCUGEN_PORTABLE_INTEGERS_H
#define MCUGEN_PORTABLE_INTEGERS_H

#include "mcugen_kernels.h"

MCUGEN_KERNEL int64_t mcugen_load_integer(const int8_t *source, int32_t bytes)
{
    int64_t wide;
    int32_t word;
    int16_t half;
    switch (bytes) {
    case 8:
        memcpy(&wide, source, sizeof wide);
        return wide;
    case 4:
        memcpy(&word, source, sizeof word);
        return word;
    case 2:
        memcpy(&half, source, sizeof half);
        return half;
    default:
        return *source;
    }
}

/* Little-endian cores: the low bytes come first. */
MCUGEN_KERNEL void mcugen_store_integer(int8_t *target, int64_t value, int32_t bytes)
{
    memcpy(target, &value, (uint32_t)bytes);
}

#endif
