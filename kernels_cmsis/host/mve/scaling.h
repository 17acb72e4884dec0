/* Shifts and rounding products of host/mve.h. */
#ifndef MCUGEN_HOST_MVE_SCALING_H
#define MCUGEN_HOST_MVE_SCALING_H

#include "host/mve/types.h"

/* x * 2**shift, saturated to 32 bits; a negative shift divides, rounding ties up. */
MCUGEN_KERNEL int32_t mcugen_emulated_shift(int32_t x, int32_t shift)
{
    if (shift >= 0) {
        const int64_t most = INT32_MAX >> (shift > 31 ? 31 : shift);
        return x > most ? INT32_MAX : x < -most - 1 ? INT32_MIN : (int32_t)((uint32_t)x << shift);
    }
    return shift < -32 ? 0 : (int32_t)((x + (INT64_C(1) << (-shift - 1))) >> -shift);
}

/* To the right where `shift` is negative. Here for magnitudes below 32. */
MCUGEN_KERNEL int32x4_t vshlq_r_s32(int32x4_t a, int32_t shift)
{
    if (shift < 0) {
        MCUGEN_EACH(int32x4_t, 4, a.lane[i] >> -shift);
    }
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] << shift));
}

MCUGEN_KERNEL int32x4_t vshlq_n_s32(int32x4_t a, int32_t shift)
{
    return vshlq_r_s32(a, shift);
}

MCUGEN_KERNEL int8x16_t vshrq_n_s8(int8x16_t a, int32_t shift)
{
    MCUGEN_EACH(int8x16_t, 16, (int8_t)(a.lane[i] >> shift));
}

MCUGEN_KERNEL int32x4_t vshrq_n_s32(int32x4_t a, int32_t shift)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] >> (shift > 31 ? 31 : shift));
}

MCUGEN_KERNEL int32x4_t vrshlq_s32(int32x4_t a, int32x4_t shift)
{
    MCUGEN_EACH(int32x4_t, 4, mcugen_emulated_shift(a.lane[i], shift.lane[i]));
}

MCUGEN_KERNEL int32x4_t vrshrq_n_s32(int32x4_t a, int32_t shift)
{
    MCUGEN_EACH(int32x4_t, 4, mcugen_emulated_shift(a.lane[i], -shift));
}

MCUGEN_KERNEL int32x4_t vrshlq_n_s32(int32x4_t a, int32_t shift)
{
    return vrshlq_s32(a, vdupq_n_s32(shift));
}

/* Here for shifts that are not negative. */
MCUGEN_KERNEL int32x4_t vqshlq_s32(int32x4_t a, int32x4_t shift)
{
    MCUGEN_EACH(int32x4_t, 4, mcugen_emulated_shift(a.lane[i], shift.lane[i]));
}

MCUGEN_KERNEL int32x4_t vqrdmulhq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4,
                (int32_t)mcugen_emulated_limit(((int64_t)a.lane[i] * b.lane[i] + (INT64_C(1) << 30)) >> 31, INT32_MIN,
                                               INT32_MAX));
}

/* sum + round(a * b / 2**31), saturated. */
MCUGEN_KERNEL int32x4_t vqrdmlahq_n_s32(int32x4_t sum, int32x4_t a, int32_t b)
{
    MCUGEN_EACH(int32x4_t, 4,
                (int32_t)mcugen_emulated_limit(
                    sum.lane[i] + (((int64_t)a.lane[i] * b + (INT64_C(1) << 30)) >> 31), INT32_MIN, INT32_MAX));
}

MCUGEN_KERNEL int32x4_t vqrdmulhq_n_s32(int32x4_t a, int32_t b)
{
    return vqrdmulhq_s32(a, vdupq_n_s32(b));
}

MCUGEN_KERNEL uint16x8_t vshrq_n_u16(uint16x8_t a, int32_t shift)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)((uint32_t)a.lane[i] >> shift));
}

MCUGEN_KERNEL uint32x4_t vshrq_n_u32(uint32x4_t a, int32_t shift)
{
    MCUGEN_EACH(uint32x4_t, 4, a.lane[i] >> shift);
}

MCUGEN_KERNEL int16x8_t vshrq_n_s16(int16x8_t a, int32_t shift)
{
    MCUGEN_EACH(int16x8_t, 8, (int16_t)(a.lane[i] >> shift));
}

/* `value` shifted to the left; the low bits are those of `into`. */
MCUGEN_KERNEL int16x8_t vsliq_n_s16(int16x8_t into, int16x8_t value, int32_t shift)
{
    MCUGEN_EACH(int16x8_t, 8,
                mcugen_emulated_half((int32_t)((uint32_t)value.lane[i] << shift) |
                                     (into.lane[i] & (int32_t)((1u << shift) - 1u))));
}

#endif
