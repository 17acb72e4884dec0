/* Arithmetic in lanes of host/mve.h: sums, products, limits, bits, halves of lanes. */
#ifndef MCUGEN_HOST_MVE_ARITHMETIC_H
#define MCUGEN_HOST_MVE_ARITHMETIC_H

#include "host/mve/types.h"

/* Saturates to the lower halves; the upper ones are those of `into`. */
MCUGEN_KERNEL int16x8_t vqmovnbq_s32(int16x8_t into, int32x4_t value)
{
    for (int32_t i = 0; i < 4; i++) {
        into.lane[2 * i] = (int16_t)mcugen_emulated_limit(value.lane[i], INT16_MIN, INT16_MAX);
    }
    return into;
}

MCUGEN_KERNEL int8x16_t vqmovnbq_s16(int8x16_t into, int16x8_t value)
{
    for (int32_t i = 0; i < 8; i++) {
        into.lane[2 * i] = (int8_t)mcugen_emulated_limit(value.lane[i], INT8_MIN, INT8_MAX);
    }
    return into;
}

MCUGEN_KERNEL int32x4_t vaddq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] + (uint32_t)b.lane[i]));
}

MCUGEN_KERNEL int32x4_t vaddq_n_s32(int32x4_t a, int32_t b)
{
    return vaddq_s32(a, vdupq_n_s32(b));
}

MCUGEN_KERNEL int32x4_t vqaddq_n_s32(int32x4_t a, int32_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)mcugen_emulated_limit((int64_t)a.lane[i] + b, INT32_MIN, INT32_MAX));
}

/* The lower and the upper halves of the lanes. */
MCUGEN_KERNEL int32x4_t vmovlbq_s16(int16x8_t value)
{
    MCUGEN_EACH(int32x4_t, 4, value.lane[2 * i]);
}

MCUGEN_KERNEL int32x4_t vmovltq_s16(int16x8_t value)
{
    MCUGEN_EACH(int32x4_t, 4, value.lane[2 * i + 1]);
}

/* Low bits to the lower, or upper, halves; the others are those of `into`. */
MCUGEN_KERNEL int16x8_t vmovnbq_s32(int16x8_t into, int32x4_t value)
{
    for (int32_t i = 0; i < 4; i++) {
        into.lane[2 * i] = mcugen_emulated_half(value.lane[i]);
    }
    return into;
}

MCUGEN_KERNEL int16x8_t vmovntq_s32(int16x8_t into, int32x4_t value)
{
    for (int32_t i = 0; i < 4; i++) {
        into.lane[2 * i + 1] = mcugen_emulated_half(value.lane[i]);
    }
    return into;
}

MCUGEN_KERNEL int16x8_t vaddq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, mcugen_emulated_half(a.lane[i] + b.lane[i]));
}

MCUGEN_KERNEL int8x16_t vmaxq_s8(int8x16_t a, int8x16_t b)
{
    MCUGEN_EACH(int8x16_t, 16, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL int8x16_t vminq_s8(int8x16_t a, int8x16_t b)
{
    MCUGEN_EACH(int8x16_t, 16, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL uint32x4_t vmulhq_u32(uint32x4_t a, uint32x4_t b)
{
    MCUGEN_EACH(uint32x4_t, 4, (uint32_t)(((uint64_t)a.lane[i] * b.lane[i]) >> 32));
}

MCUGEN_KERNEL int32x4_t vmulq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] * (uint32_t)b.lane[i]));
}

/* a * b + sum */
MCUGEN_KERNEL int32x4_t vmlasq_n_s32(int32x4_t a, int32x4_t b, int32_t sum)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] * (uint32_t)b.lane[i] + (uint32_t)sum));
}

MCUGEN_KERNEL int32x4_t vsubq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] - (uint32_t)b.lane[i]));
}

MCUGEN_KERNEL int32x4_t veorq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] ^ b.lane[i]);
}

MCUGEN_KERNEL int32x4_t vandq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] & b.lane[i]);
}

MCUGEN_KERNEL int32x4_t vmaxq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL int32x4_t vminq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL uint16x8_t vmulq_n_u16(uint16x8_t a, uint16_t b)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)((uint32_t)a.lane[i] * b));
}

MCUGEN_KERNEL int32x4_t vorrq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] | b.lane[i]);
}

MCUGEN_KERNEL int32x4_t vbicq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] & ~b.lane[i]);
}

MCUGEN_KERNEL int16x8_t vsubq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, mcugen_emulated_half(a.lane[i] - b.lane[i]));
}

MCUGEN_KERNEL int8x16_t vnegq_s8(int8x16_t a)
{
    MCUGEN_EACH(int8x16_t, 16, (int8_t)(uint8_t)(0u - (uint32_t)a.lane[i]));
}

MCUGEN_KERNEL uint8x16_t vminq_u8(uint8x16_t a, uint8x16_t b)
{
    MCUGEN_EACH(uint8x16_t, 16, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL int8x16_t vandq_s8(int8x16_t a, int8x16_t b)
{
    MCUGEN_EACH(int8x16_t, 16, (int8_t)(a.lane[i] & b.lane[i]));
}

MCUGEN_KERNEL int8x16_t vorrq_s8(int8x16_t a, int8x16_t b)
{
    MCUGEN_EACH(int8x16_t, 16, (int8_t)(a.lane[i] | b.lane[i]));
}

MCUGEN_KERNEL int8x16_t vbicq_s8(int8x16_t a, int8x16_t b)
{
    MCUGEN_EACH(int8x16_t, 16, (int8_t)(a.lane[i] & ~b.lane[i]));
}

MCUGEN_KERNEL uint16x8_t vorrq_u16(uint16x8_t a, uint16x8_t b)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)(a.lane[i] | b.lane[i]));
}

MCUGEN_KERNEL uint16x8_t veorq_u16(uint16x8_t a, uint16x8_t b)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)(a.lane[i] ^ b.lane[i]));
}

MCUGEN_KERNEL int16x8_t vmaxq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL int16x8_t vminq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}

MCUGEN_KERNEL int16x8_t vandq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, (int16_t)(a.lane[i] & b.lane[i]));
}

MCUGEN_KERNEL int16x8_t vorrq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, (int16_t)(a.lane[i] | b.lane[i]));
}

MCUGEN_KERNEL int16x8_t vbicq_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int16x8_t, 8, (int16_t)(a.lane[i] & ~b.lane[i]));
}

MCUGEN_KERNEL int8x16_t vmvnq_s8(int8x16_t a)
{
    MCUGEN_EACH(int8x16_t, 16, (int8_t)~a.lane[i]);
}

MCUGEN_KERNEL int32x4_t vmvnq_s32(int32x4_t a)
{
    MCUGEN_EACH(int32x4_t, 4, ~a.lane[i]);
}

MCUGEN_KERNEL int32x4_t vmulq_n_s32(int32x4_t a, int32_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] * (uint32_t)b));
}

MCUGEN_KERNEL uint32x4_t vmulq_n_u32(uint32x4_t a, uint32_t b)
{
    MCUGEN_EACH(uint32x4_t, 4, a.lane[i] * b);
}

/* sum + a * b */
MCUGEN_KERNEL int32x4_t vmlaq_n_s32(int32x4_t sum, int32x4_t a, int32_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)sum.lane[i] + (uint32_t)a.lane[i] * (uint32_t)b));
}

/* Products of the even, then of the odd lanes. */
MCUGEN_KERNEL int32x4_t vmullbq_int_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)a.lane[2 * i] * b.lane[2 * i]);
}

MCUGEN_KERNEL int32x4_t vmulltq_int_s16(int16x8_t a, int16x8_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)a.lane[2 * i + 1] * b.lane[2 * i + 1]);
}

MCUGEN_KERNEL int32x4_t vmulhq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)(((int64_t)a.lane[i] * b.lane[i]) >> 32));
}

/* Half of the sum, which has 33 bits, rounded down. */
MCUGEN_KERNEL uint32x4_t vhaddq_u32(uint32x4_t a, uint32x4_t b)
{
    MCUGEN_EACH(uint32x4_t, 4, (uint32_t)(((uint64_t)a.lane[i] + b.lane[i]) >> 1));
}

#endif
