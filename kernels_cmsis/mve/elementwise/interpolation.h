/* Functions of int16 by interpolation in lanes: the bits of portable/interpolation.h. */
#ifndef MCUGEN_MVE_ELEMENTWISE_INTERPOLATION_H
#define MCUGEN_MVE_ELEMENTWISE_INTERPOLATION_H

#include "mve/vectors.h"

/* Four int16. */
MCUGEN_KERNEL int32x4_t mcugen_mve_interpolate(int32x4_t x, const int16_t *entries)
{
    const uint32x4_t place = vreinterpretq_u32_s32(vaddq_n_s32(vshrq_n_s32(x, 7), 256));
    const int32x4_t here = vldrhq_gather_shifted_offset_s32(entries, place);
    const int32x4_t next = vldrhq_gather_shifted_offset_s32(entries + 1, place);
    const int32x4_t rest = vandq_s32(x, vdupq_n_s32(127));
    return vaddq_s32(here, vrshrq_n_s32(vmulq_s32(vsubq_s32(next, here), rest), 7));
}

#endif
