/* Sums over positions, eight channels in lanes. */
#ifndef MCUGEN_MVE_SUMS_H
#define MCUGEN_MVE_SUMS_H

#include "vectors.h"

/* As many bytes as 16 bits hold the sum of. */
enum { MCUGEN_MVE_SUMMANDS = 255 };

/* Of channels 0, 2, 4, 6 and of 1, 3, 5, 7. */
struct mcugen_mve_eight {
    int32x4_t even, odd;
};

MCUGEN_KERNEL struct mcugen_mve_eight mcugen_mve_widened(int16x8_t sums)
{
    const struct mcugen_mve_eight eight = {vmovlbq_s16(sums), vmovltq_s16(sums)};
    return eight;
}

/* `count` (at most MCUGEN_MVE_SUMMANDS) positions, `step` bytes apart; eight channels, or those of `active` when `partly`. */
MCUGEN_KERNEL int16x8_t mcugen_mve_sum_positions(int16x8_t sum, const int8_t *input, int32_t step, int32_t count,
                                                 mve_pred16_t active, int partly)
{
    for (; count > 0; count--) {
        sum = vaddq_s16(sum, partly ? vldrbq_z_s16(input, active) : vldrbq_s16(input));
        input += step;
    }
    return sum;
}

/* The low bytes of eight results. */
MCUGEN_KERNEL void mcugen_mve_store_eight(int8_t *output, struct mcugen_mve_eight results, mve_pred16_t active,
                                          int partly)
{
    const int16x8_t bytes = vmovntq_s32(vmovnbq_s32(vdupq_n_s16(0), results.even), results.odd);
    if (partly) {
        vstrbq_p_s16(output, bytes, active);
    } else {
        vstrbq_s16(output, bytes);
    }
}

#endif
