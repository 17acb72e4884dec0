/* Fixed-point arithmetic of the number contract: the one place in C that defines requantization.
 *
 * Double rounding as in gemmlowp `fixedpoint.h`, the default of CMSIS-NN and TFLM. The Python twin is
 * mcugen/graph/arithmetic.py. Right shifts of negative numbers are arithmetic, as on every compiler for Cortex-M.
 */
#ifndef MCUGEN_REQUANTIZE_H
#define MCUGEN_REQUANTIZE_H

#include "mcugen_kernels.h"

/* (a * b + 2**30) >> 31 of 32-bit numbers, saturated where both are INT32_MIN. */
MCUGEN_KERNEL int32_t mcugen_doubling_high_multiply(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2**exponent to nearest, ties away from zero; exponent in 0 ... 31. */
MCUGEN_KERNEL int32_t mcugen_rounding_shift_right(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

/* x * multiplier * 2**(shift - 31). A positive shift wraps x to 32 bits. multiplier >= 0, shift in -31 ... 30. */
MCUGEN_KERNEL int32_t mcugen_requantize(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    /* With a multiplier that is not negative nothing saturates. */
    const int32_t product = (int32_t)(((int64_t)shifted * multiplier + (INT64_C(1) << 30)) >> 31);
    return mcugen_rounding_shift_right(product, right);
}

/* As mcugen_requantize for multiplier >= 0 and shift in -31 ... -1, in fewer instructions. */
MCUGEN_KERNEL int32_t mcugen_requantize_down(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t product = (int32_t)(((int64_t)x * multiplier + (INT64_C(1) << 30)) >> 31);
    /* One less for negative products turns rounding half up into half away from zero; never below INT32_MIN, because
     * multiplier < 2**31. Rounding after dropping all but one fractional bit cannot overflow. */
    return (((product + (product >> 31)) >> (-shift - 1)) + 1) >> 1;
}

/* Adds the zero point and limits to [lowest, highest], without overflow for any value. */
MCUGEN_KERNEL int8_t mcugen_to_int8(int32_t value, int32_t zero_point, int32_t lowest, int32_t highest)
{
    const int32_t least = lowest - zero_point, most = highest - zero_point;
    value = value < least ? least : value;
    value = value > most ? most : value;
    return (int8_t)(value + zero_point);
}

#endif
