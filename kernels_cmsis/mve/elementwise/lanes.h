/* Element by element: four lanes of int32, or sixteen bytes, at a time. What is left over is a vector with a predicate. */
#ifndef MCUGEN_MVE_ELEMENTWISE_LANES_H
#define MCUGEN_MVE_ELEMENTWISE_LANES_H

#include "mve/requantize.h"

/* Four elements `step` (0 or 1) apart; `lanes` of them when `partly`. */
MCUGEN_KERNEL int32x4_t mcugen_mve_elements(const int8_t *input, int32_t step, int32_t lanes, int partly)
{
    if (step == 0) {
        return vdupq_n_s32(*input);
    }
    return partly ? vldrbq_z_s32(input, vctp32q((uint32_t)lanes)) : vldrbq_s32(input);
}

MCUGEN_KERNEL void mcugen_mve_results(int8_t *output, int32x4_t results, int32_t lanes, int partly)
{
    if (partly) {
        vstrbq_p_s32(output, results, vctp32q((uint32_t)lanes));
    } else {
        vstrbq_s32(output, results);
    }
}

/* x * multiplier * 2**(shift - 31), rounded twice, for a shift of 0 or below and a multiplier of any sign. */
MCUGEN_KERNEL int32x4_t mcugen_mve_scale(int32x4_t x, int32_t multiplier, int32_t shift)
{
    const int32x4_t product = vqrdmulhq_n_s32(x, multiplier);
    if (shift == 0) {
        return product;
    }
    if (multiplier < 0) {
        return vrshlq_n_s32(vaddq_s32(product, vshrq_n_s32(product, 31)), shift);
    }
    return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, multiplier), shift);
}

#endif
