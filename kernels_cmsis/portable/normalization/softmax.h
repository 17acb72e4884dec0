/* What every softmax shares: the reciprocal of the sum of exponentials, and an element's share of it. */
#ifndef MCUGEN_PORTABLE_SOFTMAX_H
#define MCUGEN_PORTABLE_SOFTMAX_H

#include "mcugen_requantize.h"

/* Integer bits of the sum. */
enum { MCUGEN_SOFTMAX_BITS = 12 };

/* 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31: three Newton-Raphson steps on Q2.29. */
MCUGEN_KERNEL int32_t mcugen_one_over_one_plus(int32_t x)
{
    const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) >> 1);
    int32_t estimate = 1515870810 + mcugen_doubling_high_multiply(half_denominator, -1010580540);
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = (INT32_C(1) << 29) - mcugen_doubling_high_multiply(half_denominator, estimate);
        estimate += mcugen_saturating_shift_left(mcugen_doubling_high_multiply(estimate, error), 2);
    }
    return mcugen_saturating_shift_left(estimate, 1);
}

/* 1 / sum for a positive sum in Q12.19, as a number in Q0.31 and the exponent that `mcugen_softmax_share` takes for
 * shares of so many fractional bits. */
MCUGEN_KERNEL int32_t mcugen_softmax_reciprocal(int32_t sum, int32_t share_bits, int32_t *exponent)
{
    /* Normalised to [1, 2). */
    int32_t headroom = 0;
    while (((uint32_t)sum << headroom & UINT32_C(0x80000000)) == 0u) {
        headroom++;
    }
    *exponent = MCUGEN_SOFTMAX_BITS - headroom + 31 - share_bits;
    return mcugen_one_over_one_plus((int32_t)(((uint32_t)sum << headroom) & UINT32_C(0x7fffffff)));
}

/* An exponential in Q0.31 as a share of the sum, in int8. */
MCUGEN_KERNEL int32_t mcugen_softmax_share(int32_t reciprocal, int32_t exponential, int32_t exponent)
{
    const int32_t share = mcugen_doubling_high_multiply(reciprocal, exponential);
    /* Of more than 512 elements that share the maximum, each gets less than half a step. */
    const int32_t value = INT8_MIN + (exponent > 31 ? 0 : mcugen_rounding_shift_right(share, exponent));
    return value > INT8_MAX ? INT8_MAX : value;
}

#endif
