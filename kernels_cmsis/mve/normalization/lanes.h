/* Rows of softmax in lanes: the bits of portable/normalization/softmax_s8.c, with exponentials from wherever they come. */
#ifndef MCUGEN_MVE_NORMALIZATION_LANES_H
#define MCUGEN_MVE_NORMALIZATION_LANES_H

#include "mve/vectors.h"
#include "portable/normalization/softmax.h"

MCUGEN_KERNEL int32_t mcugen_mve_largest(const int8_t *input, int32_t elements)
{
    int8_t largest = INT8_MIN;
    for (int32_t left = elements / 16; left > 0; left--) {
        largest = vmaxvq_s8(largest, vldrbq_s8(input));
        input += 16;
    }
    if (elements % 16 != 0) {
        const mve_pred16_t tail = vctp8q((uint32_t)(elements % 16));
        largest = vmaxvq_p_s8(largest, vldrbq_z_s8(input, tail), tail);
    }
    return largest;
}

/* Shares of the sum as int8; exponent at most 31. */
MCUGEN_KERNEL int32x4_t mcugen_mve_shares(int32x4_t exponentials, int32_t reciprocal, int32_t exponent)
{
    /* Nothing is negative: ties go up, which is away from zero. */
    const int32x4_t shares = vrshlq_n_s32(vqrdmulhq_n_s32(exponentials, reciprocal), -exponent);
    return vminq_s32(vaddq_n_s32(shares, INT8_MIN), vdupq_n_s32(INT8_MAX));
}

/* Of up to four elements; the table is 0 where an element is too far below the largest. */
MCUGEN_KERNEL int32x4_t mcugen_mve_tabled(const int8_t *input, int32_t largest, const int32_t *exponentials,
                                          int partly, mve_pred16_t active)
{
    const int32x4_t x = partly ? vldrbq_z_s32(input, active) : vldrbq_s32(input);
    /* What a partial load leaves out is 0: the distance stays inside the table. */
    const int32x4_t distance = vandq_s32(vsubq_s32(vdupq_n_s32(largest), x), vdupq_n_s32(255));
    return vldrwq_gather_shifted_offset_s32(exponentials, vreinterpretq_u32_s32(distance));
}

/* The exponentials of a row added up, in Q12.19. */
MCUGEN_KERNEL int32_t mcugen_mve_tabled_sum(const int8_t *input, int32_t elements, int32_t largest,
                                            const int32_t *exponentials)
{
    int32_t sum = 0;
    for (int32_t left = elements / 4; left > 0; left--) {
        const int32x4_t terms = mcugen_mve_tabled(input, largest, exponentials, 0, 0);
        sum = vaddvaq_s32(sum, vrshrq_n_s32(terms, MCUGEN_SOFTMAX_BITS));
        input += 4;
    }
    if (elements % 4 != 0) {
        const mve_pred16_t tail = vctp32q((uint32_t)(elements % 4));
        const int32x4_t terms = mcugen_mve_tabled(input, largest, exponentials, 1, tail);
        sum = vaddvaq_p_s32(sum, vrshrq_n_s32(terms, MCUGEN_SOFTMAX_BITS), tail);
    }
    return sum;
}

#endif
