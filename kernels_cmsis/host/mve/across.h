/* Sums and extremes over the lanes of host/mve.h. */
#ifndef MCUGEN_HOST_MVE_ACROSS_H
#define MCUGEN_HOST_MVE_ACROSS_H

#include "host/mve/types.h"

/* Sums wrap modulo 2**32. */
MCUGEN_KERNEL int32_t vmladavaq_s8(int32_t sum, int8x16_t a, int8x16_t b)
{
    for (int32_t i = 0; i < 16; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)(a.lane[i] * b.lane[i]));
    }
    return sum;
}

MCUGEN_KERNEL int32_t vmladavq_s8(int8x16_t a, int8x16_t b)
{
    return vmladavaq_s8(0, a, b);
}

/* sum plus all lanes. */
MCUGEN_KERNEL int32_t vaddvaq_s8(int32_t sum, int8x16_t a)
{
    for (int32_t i = 0; i < 16; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)a.lane[i]);
    }
    return sum;
}

MCUGEN_KERNEL int32_t vmladavaq_s16(int32_t sum, int16x8_t a, int16x8_t b)
{
    for (int32_t i = 0; i < 8; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)(a.lane[i] * b.lane[i]));
    }
    return sum;
}

MCUGEN_KERNEL int32_t vaddvaq_p_s32(int32_t sum, int32x4_t a, mve_pred16_t p)
{
    for (int32_t i = 0; i < 4; i++) {
        if (MCUGEN_ACTIVE(p, i, 4)) {
            sum = (int32_t)((uint32_t)sum + (uint32_t)a.lane[i]);
        }
    }
    return sum;
}

MCUGEN_KERNEL int32_t vaddvaq_s32(int32_t sum, int32x4_t a)
{
    return vaddvaq_p_s32(sum, a, 0xffffu);
}

/* The largest of `most` and all lanes. */
MCUGEN_KERNEL int8_t vmaxvq_p_s8(int8_t most, int8x16_t a, mve_pred16_t p)
{
    for (int32_t i = 0; i < 16; i++) {
        most = MCUGEN_ACTIVE(p, i, 1) && a.lane[i] > most ? a.lane[i] : most;
    }
    return most;
}

MCUGEN_KERNEL int8_t vmaxvq_s8(int8_t most, int8x16_t a)
{
    return vmaxvq_p_s8(most, a, 0xffffu);
}

MCUGEN_KERNEL int32_t vgetq_lane_s32(int32x4_t a, int32_t lane)
{
    return a.lane[lane];
}

MCUGEN_KERNEL int32_t vaddvaq_s16(int32_t sum, int16x8_t a)
{
    for (int32_t i = 0; i < 8; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)a.lane[i]);
    }
    return sum;
}

MCUGEN_KERNEL int64_t vmlaldavaq_s16(int64_t sum, int16x8_t a, int16x8_t b)
{
    for (int32_t i = 0; i < 8; i++) {
        sum += (int64_t)a.lane[i] * b.lane[i];
    }
    return sum;
}

#endif
