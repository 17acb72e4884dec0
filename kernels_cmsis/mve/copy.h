/* Bytes from one place to another, 16 at a time. */
#ifndef MCUGEN_MVE_COPY_H
#define MCUGEN_MVE_COPY_H

#include "vectors.h"

/* `bytes` is best a constant. */
MCUGEN_KERNEL void mcugen_mve_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    for (int32_t left = bytes / 16; left > 0; left--) {
        vstrbq_s8(target, vldrbq_s8(source));
        target += 16;
        source += 16;
    }
    if (bytes % 16 != 0) {
        const mve_pred16_t tail = vctp8q((uint32_t)(bytes % 16));
        vstrbq_p_s8(target, vldrbq_z_s8(source, tail), tail);
    }
}

MCUGEN_KERNEL void mcugen_mve_fill(int8_t *target, int32_t value, int32_t bytes)
{
    const int8x16_t values = vdupq_n_s8((int8_t)value);
    for (int32_t left = bytes / 16; left > 0; left--) {
        vstrbq_s8(target, values);
        target += 16;
    }
    if (bytes % 16 != 0) {
        vstrbq_p_s8(target, values, vctp8q((uint32_t)(bytes % 16)));
    }
}

#endif
