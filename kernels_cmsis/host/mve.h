/* Plain C for the intrinsics that the kernels in `mve/` use: names and semantics of arm_mve.h.
 * Source: Arm C Language Extensions, "M-profile Vector Extension (MVE) intrinsics"; Armv8-M Architecture Reference Manual.
 */
#ifndef MCUGEN_HOST_MVE_H
#define MCUGEN_HOST_MVE_H

#include "mcugen_kernels.h"

typedef struct {
    int8_t lane[16];
} int8x16_t;
typedef struct {
    uint8_t lane[16];
} uint8x16_t;
typedef struct {
    int16_t lane[8];
} int16x8_t;
typedef struct {
    uint16_t lane[8];
} uint16x8_t;
typedef struct {
    int32_t lane[4];
} int32x4_t;
typedef struct {
    uint32_t lane[4];
} uint32x4_t;
typedef struct {
    int8x16_t val[4];
} int8x16x4_t;
/* A bit for each byte of a vector. */
typedef uint16_t mve_pred16_t;

MCUGEN_KERNEL int64_t mcugen_emulated_limit(int64_t value, int64_t lowest, int64_t highest)
{
    return value < lowest ? lowest : value > highest ? highest : value;
}

/* x * 2**shift, saturated to 32 bits; a negative shift divides, rounding ties up. */
MCUGEN_KERNEL int32_t mcugen_emulated_shift(int32_t x, int32_t shift)
{
    if (shift >= 0) {
        const int64_t most = INT32_MAX >> (shift > 31 ? 31 : shift);
        return x > most ? INT32_MAX : x < -most - 1 ? INT32_MIN : (int32_t)((uint32_t)x << shift);
    }
    return shift < -32 ? 0 : (int32_t)((x + (INT64_C(1) << (-shift - 1))) >> -shift);
}

MCUGEN_KERNEL mve_pred16_t mcugen_emulated_tail(uint32_t bytes)
{
    return (mve_pred16_t)(bytes >= 16 ? 0xffffu : (1u << bytes) - 1u);
}

MCUGEN_KERNEL mve_pred16_t vctp8q(uint32_t lanes)
{
    return mcugen_emulated_tail(lanes);
}

MCUGEN_KERNEL mve_pred16_t vctp16q(uint32_t lanes)
{
    return mcugen_emulated_tail(lanes >= 8 ? 16 : 2 * lanes);
}

MCUGEN_KERNEL mve_pred16_t vctp32q(uint32_t lanes)
{
    return mcugen_emulated_tail(lanes >= 4 ? 16 : 4 * lanes);
}

/* MCUGEN_EACH(int32x4_t, 4, expression of i) is a vector. */
#define MCUGEN_EACH(type, lanes, expression)  \
    type result;                              \
    for (int32_t i = 0; i < (lanes); i++) {   \
        result.lane[i] = (expression);        \
    }                                         \
    return result

#define MCUGEN_ACTIVE(predicate, i, bytes) (((uint32_t)(predicate) >> ((i) * (bytes))) & 1u)

MCUGEN_KERNEL int8x16_t vdupq_n_s8(int8_t value)
{
    MCUGEN_EACH(int8x16_t, 16, value);
}

MCUGEN_KERNEL int16x8_t vdupq_n_s16(int16_t value)
{
    MCUGEN_EACH(int16x8_t, 8, value);
}

MCUGEN_KERNEL int32x4_t vdupq_n_s32(int32_t value)
{
    MCUGEN_EACH(int32x4_t, 4, value);
}

MCUGEN_KERNEL int8x16_t vldrbq_s8(const int8_t *base)
{
    MCUGEN_EACH(int8x16_t, 16, base[i]);
}

MCUGEN_KERNEL int8x16_t vldrbq_z_s8(const int8_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(int8x16_t, 16, MCUGEN_ACTIVE(p, i, 1) ? base[i] : 0);
}

MCUGEN_KERNEL int32x4_t vldrbq_s32(const int8_t *base)
{
    MCUGEN_EACH(int32x4_t, 4, base[i]);
}

MCUGEN_KERNEL int32x4_t vldrwq_s32(const int32_t *base)
{
    MCUGEN_EACH(int32x4_t, 4, base[i]);
}

MCUGEN_KERNEL void vstrbq_s8(int8_t *base, int8x16_t value)
{
    memcpy(base, value.lane, 16);
}

MCUGEN_KERNEL void vstrbq_p_s8(int8_t *base, int8x16_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 16; i++) {
        if (MCUGEN_ACTIVE(p, i, 1)) {
            base[i] = value.lane[i];
        }
    }
}

/* The low bytes of the lanes. */
MCUGEN_KERNEL void vstrbq_p_s32(int8_t *base, int32x4_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 4; i++) {
        if (MCUGEN_ACTIVE(p, i, 4)) {
            base[i] = (int8_t)(uint8_t)((uint32_t)value.lane[i] & 0xffu);
        }
    }
}

MCUGEN_KERNEL void vstrbq_s32(int8_t *base, int32x4_t value)
{
    vstrbq_p_s32(base, value, 0xffffu);
}

MCUGEN_KERNEL void vstrbq_scatter_offset_p_s8(int8_t *base, uint8x16_t offset, int8x16_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 16; i++) {
        if (MCUGEN_ACTIVE(p, i, 1)) {
            base[offset.lane[i]] = value.lane[i];
        }
    }
}

/* The low bytes of the lanes. */
MCUGEN_KERNEL void vstrbq_scatter_offset_p_s32(int8_t *base, uint32x4_t offset, int32x4_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 4; i++) {
        if (MCUGEN_ACTIVE(p, i, 4)) {
            base[offset.lane[i]] = (int8_t)(uint8_t)((uint32_t)value.lane[i] & 0xffu);
        }
    }
}

MCUGEN_KERNEL void vstrbq_scatter_offset_s32(int8_t *base, uint32x4_t offset, int32x4_t value)
{
    vstrbq_scatter_offset_p_s32(base, offset, value, 0xffffu);
}

/* Byte i of each vector in turn. */
MCUGEN_KERNEL void vst4q_s8(int8_t *base, int8x16x4_t value)
{
    for (int32_t i = 0; i < 64; i++) {
        base[i] = value.val[i % 4].lane[i / 4];
    }
}

MCUGEN_KERNEL uint32x4_t vldrwq_u32(const uint32_t *base)
{
    MCUGEN_EACH(uint32x4_t, 4, base[i]);
}

MCUGEN_KERNEL uint8x16_t vldrbq_u8(const uint8_t *base)
{
    MCUGEN_EACH(uint8x16_t, 16, base[i]);
}

MCUGEN_KERNEL uint8x16_t vldrbq_z_u8(const uint8_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(uint8x16_t, 16, MCUGEN_ACTIVE(p, i, 1) ? base[i] : 0);
}

MCUGEN_KERNEL int16x8_t vldrbq_s16(const int8_t *base)
{
    MCUGEN_EACH(int16x8_t, 8, base[i]);
}

MCUGEN_KERNEL int16x8_t vldrbq_z_s16(const int8_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(int16x8_t, 8, MCUGEN_ACTIVE(p, i, 2) ? base[i] : 0);
}

MCUGEN_KERNEL int32x4_t vldrbq_z_s32(const int8_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(int32x4_t, 4, MCUGEN_ACTIVE(p, i, 4) ? base[i] : 0);
}

MCUGEN_KERNEL int16x8_t vldrhq_s16(const int16_t *base)
{
    MCUGEN_EACH(int16x8_t, 8, base[i]);
}

/* Offsets in elements of four bytes. */
MCUGEN_KERNEL int32x4_t vldrwq_gather_shifted_offset_s32(const int32_t *base, uint32x4_t offset)
{
    MCUGEN_EACH(int32x4_t, 4, base[offset.lane[i]]);
}

MCUGEN_KERNEL int16x8_t vldrbq_gather_offset_s16(const int8_t *base, uint16x8_t offset)
{
    MCUGEN_EACH(int16x8_t, 8, base[offset.lane[i]]);
}

MCUGEN_KERNEL int16x8_t vldrbq_gather_offset_z_s16(const int8_t *base, uint16x8_t offset, mve_pred16_t p)
{
    MCUGEN_EACH(int16x8_t, 8, MCUGEN_ACTIVE(p, i, 2) ? base[offset.lane[i]] : 0);
}

MCUGEN_KERNEL int8x16_t vldrbq_gather_offset_s8(const int8_t *base, uint8x16_t offset)
{
    MCUGEN_EACH(int8x16_t, 16, base[offset.lane[i]]);
}

/* The low bytes of the lanes. */
MCUGEN_KERNEL void vstrbq_p_s16(int8_t *base, int16x8_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 8; i++) {
        if (MCUGEN_ACTIVE(p, i, 2)) {
            base[i] = (int8_t)(uint8_t)((uint32_t)value.lane[i] & 0xffu);
        }
    }
}

MCUGEN_KERNEL void vstrbq_s16(int8_t *base, int16x8_t value)
{
    vstrbq_p_s16(base, value, 0xffffu);
}

MCUGEN_KERNEL int8x16_t vreinterpretq_s8_s32(int32x4_t value)
{
    int8x16_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL int8x16_t vreinterpretq_s8_s16(int16x8_t value)
{
    int8x16_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL int16x8_t vreinterpretq_s16_s8(int8x16_t value)
{
    int16x8_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL int16x8_t vreinterpretq_s16_s32(int32x4_t value)
{
    int16x8_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL int32x4_t vreinterpretq_s32_s8(int8x16_t value)
{
    int32x4_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

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

/* Sums wrap modulo 2**32. */
MCUGEN_KERNEL int32_t vmladavaq_s8(int32_t sum, int8x16_t a, int8x16_t b)
{
    for (int32_t i = 0; i < 16; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)(a.lane[i] * b.lane[i]));
    }
    return sum;
}

MCUGEN_KERNEL int32_t vmladavq_s8(int8x16_t a, int8x16_t b)
{
    return vmladavaq_s8(0, a, b);
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

MCUGEN_KERNEL int16_t mcugen_emulated_half(int32_t value)
{
    return (int16_t)(uint16_t)((uint32_t)value & 0xffffu);
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

/* sum plus all lanes. */
MCUGEN_KERNEL int32_t vaddvaq_s8(int32_t sum, int8x16_t a)
{
    for (int32_t i = 0; i < 16; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)a.lane[i]);
    }
    return sum;
}

MCUGEN_KERNEL uint32x4_t vdupq_n_u32(uint32_t value)
{
    MCUGEN_EACH(uint32x4_t, 4, value);
}

MCUGEN_KERNEL uint32x4_t vreinterpretq_u32_s32(int32x4_t value)
{
    MCUGEN_EACH(uint32x4_t, 4, (uint32_t)value.lane[i]);
}

MCUGEN_KERNEL int32x4_t vreinterpretq_s32_u32(uint32x4_t value)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)value.lane[i]);
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

/* first, first + step, first + 2 * step, ... */
MCUGEN_KERNEL uint16x8_t vidupq_n_u16(uint32_t first, int step)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)(first + (uint32_t)(i * step)));
}

MCUGEN_KERNEL uint16x8_t vmulq_n_u16(uint16x8_t a, uint16_t b)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)((uint32_t)a.lane[i] * b));
}

MCUGEN_KERNEL int32_t vmladavaq_s16(int32_t sum, int16x8_t a, int16x8_t b)
{
    for (int32_t i = 0; i < 8; i++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)(a.lane[i] * b.lane[i]));
    }
    return sum;
}

MCUGEN_KERNEL int32_t vaddvaq_p_s32(int32_t sum, int32x4_t a, mve_pred16_t p)
{
    for (int32_t i = 0; i < 4; i++) {
        if (MCUGEN_ACTIVE(p, i, 4)) {
            sum = (int32_t)((uint32_t)sum + (uint32_t)a.lane[i]);
        }
    }
    return sum;
}

MCUGEN_KERNEL int32_t vaddvaq_s32(int32_t sum, int32x4_t a)
{
    return vaddvaq_p_s32(sum, a, 0xffffu);
}

/* The largest of `most` and all lanes. */
MCUGEN_KERNEL int8_t vmaxvq_p_s8(int8_t most, int8x16_t a, mve_pred16_t p)
{
    for (int32_t i = 0; i < 16; i++) {
        most = MCUGEN_ACTIVE(p, i, 1) && a.lane[i] > most ? a.lane[i] : most;
    }
    return most;
}

MCUGEN_KERNEL int8_t vmaxvq_s8(int8_t most, int8x16_t a)
{
    return vmaxvq_p_s8(most, a, 0xffffu);
}

MCUGEN_KERNEL int32x4_t vorrq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] | b.lane[i]);
}

MCUGEN_KERNEL int32x4_t vbicq_s32(int32x4_t a, int32x4_t b)
{
    MCUGEN_EACH(int32x4_t, 4, a.lane[i] & ~b.lane[i]);
}

/* Here for shifts that are not negative. */
MCUGEN_KERNEL int32x4_t vshlq_r_s32(int32x4_t a, int32_t shift)
{
    MCUGEN_EACH(int32x4_t, 4, (int32_t)((uint32_t)a.lane[i] << shift));
}

MCUGEN_KERNEL int32x4_t vshlq_n_s32(int32x4_t a, int32_t shift)
{
    return vshlq_r_s32(a, shift);
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

#endif
