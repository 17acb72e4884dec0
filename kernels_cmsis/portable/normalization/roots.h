/* Square roots and inverses of rows' statistics, exact to 30 bits. */
#ifndef MCUGEN_NORMALIZATION_ROOTS_H
#define MCUGEN_NORMALIZATION_ROOTS_H

#include "portable/normalization/params.h"

enum { MCUGEN_NORMALIZE_FRACTION = 16 };

#if MCUGEN_SMALL_CORE

/* The integer square root of v < 2**62, rounded down. */
MCUGEN_KERNEL uint32_t mcugen_square_root(uint64_t v)
{
    uint32_t root = 0;
    for (uint32_t bit = UINT32_C(1) << 30; bit != 0u; bit >>= 1) {
        const uint32_t larger = root | bit;
        if ((uint64_t)larger * larger <= v) {
            root = larger;
        }
    }
    return root;
}

/* 2**61 / q rounded down, for q in [2**30, 2**31): long division, since not every core divides. */
MCUGEN_KERNEL uint32_t mcugen_normalize_inverse(uint32_t q)
{
    uint64_t rest = UINT64_C(1) << 30;
    uint32_t quotient = 0;
    for (int32_t i = 0; i <= 31; i++) {
        quotient <<= 1;
        if (rest >= q) {
            rest -= q;
            quotient |= 1u;
        }
        rest <<= 1;
    }
    return quotient;
}

#else

/* The integer square root of v in [2**60, 2**62), rounded down. */
MCUGEN_KERNEL uint32_t mcugen_square_root(uint64_t v)
{
    /* m = v / 2**62 with 32 fractional bits, y ~ 1 / sqrt(m) with 30: a line, then Newton's method, which squares errors.
     * 1 / sqrt(m) is at most 2, and the line at most 1.89. */
    const uint32_t m = (uint32_t)(v >> 30);
    uint32_t y = (uint32_t)2362232013 - (uint32_t)((uint64_t)m * UINT32_C(1342177280) >> 32);
    for (int32_t i = 0; i < 4; i++) {
        const uint32_t square = (uint32_t)((uint64_t)y * y >> 32);
        const uint32_t product = (uint32_t)((uint64_t)square * m >> 32);
        y = (uint32_t)((uint64_t)y * (3u * (UINT32_C(1) << 28) - product) >> 29);
    }
    uint32_t root = (uint32_t)((uint64_t)m * y >> 31);
    while ((uint64_t)root * root > v) {
        root--;
    }
    while ((uint64_t)(root + 1u) * (root + 1u) <= v) {
        root++;
    }
    return root;
}

/* 2**61 / q rounded down, for q in [2**30, 2**31): an estimate of 15 bits, once corrected, then made exact. */
MCUGEN_KERNEL uint32_t mcugen_normalize_inverse(uint32_t q)
{
    uint32_t quotient = (UINT32_C(0x80000000) / (q >> 15)) << 15;
    int64_t rest = (int64_t)((UINT64_C(1) << 61) - (uint64_t)quotient * q);
    quotient = (uint32_t)((int64_t)quotient + (((rest >> 31) * (int64_t)(quotient >> 1)) >> 29));
    rest = (int64_t)((UINT64_C(1) << 61) - (uint64_t)quotient * q);
    while (rest < 0) {
        quotient--;
        rest += q;
    }
    while (rest >= (int64_t)q) {
        quotient++;
        rest -= q;
    }
    return quotient;
}

#endif

/* 2**16 / sqrt(v) ~ inverse / 2**shift; v is 1 to 2**62 - 1. */
MCUGEN_KERNEL uint32_t mcugen_inverse_root(uint64_t v, int32_t *shift)
{
    *shift = 61 - MCUGEN_NORMALIZE_FRACTION;
#if MCUGEN_SMALL_CORE
    while (v >> 60 == 0u) {
        v <<= 2;
        (*shift)--;
    }
#else
    const int32_t pairs = (__builtin_clzll(v) - 2) / 2;
    v <<= 2 * pairs;
    *shift -= pairs;
#endif
    return mcugen_normalize_inverse(mcugen_square_root(v));
}

MCUGEN_KERNEL uint64_t mcugen_two_words(int32_t high, int32_t low)
{
    return (uint64_t)(uint32_t)high << 32 | (uint32_t)low;
}

/* The inverse of the divisor of a row, and its shift, from the sum of squares and the sum that is subtracted. */
MCUGEN_KERNEL uint32_t mcugen_normalize_divisor(const struct mcugen_normalize_params *params, int32_t size,
                                                int64_t squares, int32_t total, int32_t *shift)
{
    uint64_t v = (uint64_t)(size * squares - (int64_t)total * total);
    v += mcugen_two_words(params->epsilon_high, params->epsilon_low);
    const uint64_t least = mcugen_two_words(params->least_high, params->least_low);
    return mcugen_inverse_root(v < least ? least : v, shift);
}

#endif
