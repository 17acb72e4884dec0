/* Sixteen bytes at a time, of rows or of one element for all lanes. */
#ifndef MCUGEN_MVE_ELEMENTWISE_BYTES_H
#define MCUGEN_MVE_ELEMENTWISE_BYTES_H

#include "mve/vectors.h"

/* Sixteen elements `step` (0 or 1) apart, or those of `active` when `partly`. */
MCUGEN_KERNEL int8x16_t mcugen_mve_bytes(const int8_t *input, int32_t step, mve_pred16_t active, int partly)
{
    if (step == 0) {
        return vdupq_n_s8(*input);
    }
    return partly ? vldrbq_z_s8(input, active) : vldrbq_s8(input);
}

MCUGEN_KERNEL void mcugen_mve_store_bytes(int8_t *output, int8x16_t bytes, mve_pred16_t active, int partly)
{
    if (partly) {
        vstrbq_p_s8(output, bytes, active);
    } else {
        vstrbq_s8(output, bytes);
    }
}

#endif
