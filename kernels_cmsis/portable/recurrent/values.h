/* Activations of int8 or int16 in kernels that take both, rows of int16 in whole quads. */
#ifndef MCUGEN_RECURRENT_VALUES_H
#define MCUGEN_RECURRENT_VALUES_H

#include "mcugen_requantize.h"

MCUGEN_KERNEL int32_t mcugen_load(const void *values, int32_t index, int wide)
{
    return wide ? ((const int16_t *)values)[index] : ((const int8_t *)values)[index];
}

MCUGEN_KERNEL void mcugen_store(void *values, int32_t index, int32_t value, int wide)
{
    if (wide) {
        ((int16_t *)values)[index] = (int16_t)value;
    } else {
        ((int8_t *)values)[index] = (int8_t)value;
    }
}

MCUGEN_KERNEL int32_t mcugen_limit(int32_t x, int32_t lowest, int32_t highest)
{
    return x < lowest ? lowest : x > highest ? highest : x;
}

MCUGEN_KERNEL int32_t mcugen_quads(int32_t depth)
{
    return (depth + 3) / 4;
}

/* A row of int16 in whole quads, zero beyond `count`: value - zero point. */
MCUGEN_KERNEL void mcugen_widen_row(const void *values, int32_t from, int32_t count, int32_t zero_point, int16_t *row,
                                    int wide)
{
    for (int32_t i = 0; i < count; i++) {
        row[i] = (int16_t)(mcugen_load(values, from + i, wide) - zero_point);
    }
    for (int32_t i = count; i < 4 * mcugen_quads(count); i++) {
        row[i] = 0;
    }
}

MCUGEN_KERNEL int32_t mcugen_limit16(int32_t x)
{
    return mcugen_limit(x, INT16_MIN, INT16_MAX);
}

#endif
