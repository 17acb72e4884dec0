/* Exponentials in gemmlowp's fixed point. Qm.n has m integer and n fractional bits beside the sign. */
#ifndef MCUGEN_PORTABLE_EXPONENTIAL_H
#define MCUGEN_PORTABLE_EXPONENTIAL_H

#include "mcugen_requantize.h"

/* exp(x) in Q0.31 for x <= 0 in Q5.26. */
MCUGEN_SHARED int32_t mcugen_exp_on_negative(int32_t x)
{
    /* exp(-2**k) for k = -2 ... 4 */
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = INT32_C(1) << 24, exp_minus_eighth = 1895147668, third = 715827883;
    if (x == 0) {
        return INT32_MAX;
    }
    /* x = part in [-1/4, 0) minus a multiple of 1/4, whose bits select factors. */
    const int32_t part = (x & (quarter - 1)) - quarter;
    const int32_t remainder = part - x;
    /* Taylor series of the fourth degree around -1/8. */
    const int32_t y = part * 32 + (INT32_C(1) << 28);
    const int32_t y2 = mcugen_doubling_high_multiply(y, y);
    const int32_t y3 = mcugen_doubling_high_multiply(y2, y);
    const int32_t y4_over_4 = mcugen_rounding_shift_right(mcugen_doubling_high_multiply(y2, y2), 2);
    const int32_t cubic = mcugen_doubling_high_multiply(y4_over_4 + y3, third) + y2;
    int32_t result = mcugen_doubling_high_multiply(exp_minus_eighth, y + mcugen_rounding_shift_right(cubic, 1));
    result += exp_minus_eighth;
    for (int32_t i = 0; i < 7; i++) {
        if ((remainder & (quarter << i)) != 0) {
            result = mcugen_doubling_high_multiply(result, factors[i]);
        }
    }
    return result;
}

#endif
