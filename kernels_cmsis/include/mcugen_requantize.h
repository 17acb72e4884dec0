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

/* x * 2**shift, saturated; shift in 0 ... 30. */
MCUGEN_KERNEL int32_t mcugen_saturating_shift_left(int32_t x, int32_t shift)
{
    const int32_t most = INT32_MAX >> shift, least = -most - 1;
    return x > most ? INT32_MAX : x < least ? INT32_MIN : x * (1 << shift);
}

/* x * multiplier * 2**(shift - 31). A positive shift saturates. multiplier > INT32_MIN, shift in -31 ... 30. */
MCUGEN_KERNEL int32_t mcugen_requantize(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t shifted = mcugen_saturating_shift_left(x, left);
    /* With a multiplier above INT32_MIN nothing saturates. */
    const int32_t product = (int32_t)(((int64_t)shifted * multiplier + (INT64_C(1) << 30)) >> 31);
    return mcugen_rounding_shift_right(product, right);
}

/* Adds the zero point and limits to [lowest, highest], without overflow for any value. */
MCUGEN_KERNEL int8_t mcugen_to_int8(int32_t value, int32_t zero_point, int32_t lowest, int32_t highest)
{
    const int32_t least = lowest - zero_point, most = highest - zero_point;
    value = value < least ? least : value;
    value = value > most ? most : value;
    return (int8_t)(value + zero_point);
}

/* As mcugen_to_int8, for integers of any size and values that the zero point takes nowhere near the end of 64 bits. */
MCUGEN_KERNEL int32_t mcugen_to_integer(int64_t value, int32_t zero_point, int32_t lowest, int32_t highest)
{
    value += zero_point;
    return value < lowest ? lowest : value > highest ? highest : (int32_t)value;
}

/* mcugen_saturate<bits>: to so many bits, one instruction from Armv7-M on. */
#if defined(__ARM_FEATURE_SAT)
#define MCUGEN_SATURATE(bits)                                               \
    MCUGEN_KERNEL int32_t mcugen_saturate##bits(int32_t value)              \
    {                                                                       \
        int32_t saturated;                                                  \
        __asm__("ssat %0, #" #bits ", %1" : "=r"(saturated) : "r"(value));  \
        return saturated;                                                   \
    }
#else
#define MCUGEN_SATURATE(bits)                                                 \
    MCUGEN_KERNEL int32_t mcugen_saturate##bits(int32_t value)                \
    {                                                                         \
        const int32_t most = (1 << ((bits) - 1)) - 1;                         \
        return value < -most - 1 ? -most - 1 : value > most ? most : value;   \
    }
#endif

MCUGEN_SATURATE(8)
MCUGEN_SATURATE(9)
MCUGEN_SATURATE(16)

/* (x * 2m + 2**31) >> 32 + addend for multiplier = 2m - 2**32, as in mcugen_requantize_fast; the sum fits 32 bits. */
MCUGEN_KERNEL int32_t mcugen_scale_and_add(int32_t x, int32_t multiplier, uint32_t addend)
{
    if (!MCUGEN_SMALL_CORE) {
        /* x * 2**32 makes 2m of the multiplier: one SMLAL on top of it. */
        const uint64_t start = (uint64_t)((uint32_t)x + addend) << 32 | UINT32_C(0x80000000);
        return (int32_t)(uint32_t)((start + (uint64_t)((int64_t)x * multiplier)) >> 32);
    }
    /* Four products of halves; rounding with the second, where it cannot overflow. */
    const uint32_t low = (uint32_t)x & 0xffffu, factor_low = (uint32_t)multiplier & 0xffffu;
    const uint32_t factor_high = (uint32_t)multiplier >> 16;
    const int32_t high = x >> 16;
    const uint32_t middle = low * factor_high + (low * factor_low >> 16) + 0x8000u;
    const int32_t middle_signed = high * (int32_t)factor_low + (int32_t)(middle & 0xffffu);
    const uint32_t top = (uint32_t)(high * (int32_t)factor_high) + (middle >> 16) + (uint32_t)(middle_signed >> 16);
    return (int32_t)(top + addend);
}

/* The whole way from accumulator to int8 in few instructions, for channels where the packer has proven that nothing
 * overflows (mcugen/kernels/requantization.py).
 *
 * `multiplier` is 2 * m - 2**32 for a Q31 multiplier m >= 2**30, and exponent = -shift >= 1. One long multiply gives
 *   (x * 2m + 2**31) >> 32 = round(x * m / 2**31) = y,   and (y + c) >> exponent with
 *   c = zero_point * 2**exponent + 2**(exponent - 1)     adds the zero point and rounds ties up.
 * Negative ties have to go down: x >> 31 is -1 for them. Where the clamp cuts off all below the zero point, they do not
 * matter.
 */
MCUGEN_KERNEL int8_t mcugen_requantize_fast(int32_t x, int32_t multiplier, int32_t exponent, int32_t zero_point,
                                            int32_t lowest, int32_t highest)
{
    const int32_t c = (int32_t)((uint32_t)(2 * zero_point + 1) << exponent) >> 1;
    const uint32_t tie = lowest < zero_point ? (uint32_t)(x >> 31) : 0u;
    int32_t value = mcugen_scale_and_add(x, multiplier, (uint32_t)c + tie);
    value = mcugen_saturate8(value >> exponent);
    if (lowest > INT8_MIN) {
        value = value < lowest ? lowest : value;
    }
    if (highest < INT8_MAX) {
        value = value > highest ? highest : value;
    }
    return (int8_t)value;
}

#endif
