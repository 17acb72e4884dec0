/* Vectors and predicates of host/mve.h, and how they are made. */
#ifndef MCUGEN_HOST_MVE_TYPES_H
#define MCUGEN_HOST_MVE_TYPES_H

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

MCUGEN_KERNEL int16_t mcugen_emulated_half(int32_t value)
{
    return (int16_t)(uint16_t)((uint32_t)value & 0xffffu);
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

/* first, first + step, first + 2 * step, ... */
MCUGEN_KERNEL uint16x8_t vidupq_n_u16(uint32_t first, int step)
{
    MCUGEN_EACH(uint16x8_t, 8, (uint16_t)(first + (uint32_t)(i * step)));
}

MCUGEN_KERNEL uint16x8_t vdupq_n_u16(uint16_t value)
{
    MCUGEN_EACH(uint16x8_t, 8, value);
}

MCUGEN_KERNEL uint8x16_t vdupq_n_u8(uint8_t value)
{
    MCUGEN_EACH(uint8x16_t, 16, value);
}

MCUGEN_KERNEL uint16x8_t vreinterpretq_u16_s16(int16x8_t value)
{
    uint16x8_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL uint8x16_t vreinterpretq_u8_s8(int8x16_t value)
{
    uint8x16_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL int8x16_t vreinterpretq_s8_u8(uint8x16_t value)
{
    int8x16_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

MCUGEN_KERNEL uint32x4_t vidupq_n_u32(uint32_t first, int step)
{
    MCUGEN_EACH(uint32x4_t, 4, first + (uint32_t)(i * step));
}

#endif
