/* Means of up to eight channels. */
#ifndef MCUGEN_MVE_POOLING_MEAN_H
#define MCUGEN_MVE_POOLING_MEAN_H

#include "mve/sums.h"

/* sum / count, rounded half away from zero: |sum| + count / 2 times the reciprocal, which has 31 fractional bits and is
 * rounded up. Exact: (|sum| + count / 2) * count < 2**31. */
MCUGEN_KERNEL int32x4_t mcugen_mve_mean(int32x4_t sum, int32_t count, uint32_t reciprocal)
{
    const int32x4_t sign = vshrq_n_s32(sum, 31);
    const int32x4_t magnitude = vaddq_n_s32(vsubq_s32(veorq_s32(sum, sign), sign), count / 2);
    const uint32x4_t doubled = vreinterpretq_u32_s32(vaddq_s32(magnitude, magnitude));
    const int32x4_t mean = vreinterpretq_s32_u32(vmulhq_u32(doubled, vdupq_n_u32(reciprocal)));
    return vsubq_s32(veorq_s32(mean, sign), sign);
}

MCUGEN_KERNEL uint32_t mcugen_mve_reciprocal(int32_t count)
{
    return 0x80000000u / (uint32_t)count + 1u;
}

#endif
