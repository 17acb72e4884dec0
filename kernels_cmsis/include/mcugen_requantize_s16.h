/* From accumulators of int8 weights and int16 activations to int16, whose zero point is 0. The Python twin of the choice of
 * the form is mcugen/kernels/portable/int16.py. */
#ifndef MCUGEN_REQUANTIZE_S16_H
#define MCUGEN_REQUANTIZE_S16_H

#include "mcugen_requantize.h"

/* How an accumulator becomes an output; see mcugen_to_int16. */
enum {
    MCUGEN_TWO_ROUNDINGS = 0,      /* as mcugen_requantize, in few instructions */
    MCUGEN_TWO_ROUNDINGS_WIDE = 1, /* the same for every multiplier and shift */
    MCUGEN_ONE_ROUNDING = 2,       /* a multiplier of 16 bits, rounded once */
    MCUGEN_ONE_ROUNDING_WIDE = 3,  /* the same for every multiplier and shift */
    MCUGEN_SUMS_OF_64_BITS = 4     /* the same of accumulators of 64 bits */
};

/* To int16 within the clamp. */
MCUGEN_KERNEL int16_t mcugen_limit_s16(int32_t value, int32_t lowest, int32_t highest)
{
    value = mcugen_saturate16(value);
    if (lowest > INT16_MIN) {
        value = value < lowest ? lowest : value;
    }
    if (highest < INT16_MAX) {
        value = value > highest ? highest : value;
    }
    return (int16_t)value;
}

/* As mcugen_requantize_fast, to int16 with the zero point 0. */
MCUGEN_KERNEL int32_t mcugen_round_twice(int32_t x, int32_t multiplier, int32_t exponent, int32_t lowest)
{
    const uint32_t half = UINT32_C(1) << (exponent - 1);
    const uint32_t tie = lowest < 0 ? (uint32_t)(x >> 31) : 0u;
    return mcugen_scale_and_add(x, multiplier, half + tie) >> exponent;
}

/* (x * multiplier + 2**(shift - 1)) >> shift for `multiplier` = 2**16 times 15 bits and shift = 16 + exponent: the low half
 * of the product has nothing that rounding needs. */
MCUGEN_KERNEL int32_t mcugen_round_once(int32_t x, int32_t multiplier, int32_t exponent)
{
    const int32_t high = (int32_t)(((int64_t)x * multiplier) >> 32);
    return (high + (1 << (exponent - 1))) >> exponent;
}

/* The same of an accumulator of 64 bits, below 2**47, a multiplier of 15 bits and any shift; saturated to 32 bits. */
MCUGEN_KERNEL int32_t mcugen_round_once_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    const int64_t value = (x * multiplier + (INT64_C(1) << (shift - 1))) >> shift;
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* sum: of 32 bits but in the last form. multiplier, shift: as the form takes them. */
MCUGEN_KERNEL int16_t mcugen_to_int16(int64_t sum, int32_t multiplier, int32_t shift, int32_t form, int32_t lowest,
                                      int32_t highest)
{
    int32_t value;
    if (form == MCUGEN_TWO_ROUNDINGS) {
        value = mcugen_round_twice((int32_t)sum, multiplier, shift, lowest);
    } else if (form == MCUGEN_TWO_ROUNDINGS_WIDE) {
        value = mcugen_requantize((int32_t)sum, multiplier, shift);
    } else if (form == MCUGEN_ONE_ROUNDING) {
        value = mcugen_round_once((int32_t)sum, multiplier, shift);
    } else {
        value = mcugen_round_once_wide(sum, multiplier, shift);
    }
    return mcugen_limit_s16(value, lowest, highest);
}

#endif
