/* The logarithm that log softmax subtracts. */
#ifndef MCUGEN_NORMALIZATION_LOGARITHM_H
#define MCUGEN_NORMALIZATION_LOGARITHM_H

#include "portable/normalization/params.h"

/* log2 of a positive sum in Q12.19, 16 fractional bits; 0 below 1. */
MCUGEN_KERNEL int32_t mcugen_log2_of_sum(int32_t sum)
{
    int32_t result = 11 * 65536;
    uint32_t mantissa = (uint32_t)sum;
    while ((mantissa & UINT32_C(0x40000000)) == 0u) {
        mantissa <<= 1;
        result -= 65536;
    }
    for (int32_t bit = 32768; bit > 0; bit >>= 1) {
        mantissa = (uint32_t)((uint64_t)mantissa * mantissa >> 30);
        if (mantissa >= UINT32_C(0x80000000)) {
            mantissa >>= 1;
            result += bit;
        }
    }
    return result < 0 ? 0 : result;
}

/* The logarithm of a sum in units, negated, plus a half; units are output steps with 20 fractional bits. */
MCUGEN_KERNEL int64_t mcugen_log_start(int32_t sum, int32_t unit_high, int32_t unit_low)
{
    const int64_t unit = (int64_t)((uint64_t)(uint32_t)unit_high << 32 | (uint32_t)unit_low);
    return (INT64_C(1) << 19) - ((mcugen_log2_of_sum(sum) * unit) >> 16);
}

MCUGEN_KERNEL int64_t mcugen_log_softmax_start(const struct mcugen_log_softmax_params *params, int32_t sum)
{
    return mcugen_log_start(sum, params->unit_high, params->unit_low);
}

#endif
