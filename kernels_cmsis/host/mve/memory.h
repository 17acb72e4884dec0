/* Loads and stores of host/mve.h. */
#ifndef MCUGEN_HOST_MVE_MEMORY_H
#define MCUGEN_HOST_MVE_MEMORY_H

#include "host/mve/types.h"

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

MCUGEN_KERNEL uint32x4_t vldrbq_u32(const uint8_t *base)
{
    MCUGEN_EACH(uint32x4_t, 4, base[i]);
}

MCUGEN_KERNEL uint32x4_t vldrbq_z_u32(const uint8_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(uint32x4_t, 4, MCUGEN_ACTIVE(p, i, 4) ? base[i] : 0);
}

MCUGEN_KERNEL uint16x8_t vldrbq_u16(const uint8_t *base)
{
    MCUGEN_EACH(uint16x8_t, 8, base[i]);
}

MCUGEN_KERNEL uint16x8_t vldrbq_z_u16(const uint8_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(uint16x8_t, 8, MCUGEN_ACTIVE(p, i, 2) ? base[i] : 0);
}

MCUGEN_KERNEL int32x4_t vldrhq_s32(const int16_t *base)
{
    MCUGEN_EACH(int32x4_t, 4, base[i]);
}

MCUGEN_KERNEL int32x4_t vldrhq_z_s32(const int16_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(int32x4_t, 4, MCUGEN_ACTIVE(p, i, 4) ? base[i] : 0);
}

MCUGEN_KERNEL int32x4_t vldrwq_z_s32(const int32_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(int32x4_t, 4, MCUGEN_ACTIVE(p, i, 4) ? base[i] : 0);
}

/* Offsets in elements of two bytes. */
MCUGEN_KERNEL int16x8_t vldrhq_gather_shifted_offset_s16(const int16_t *base, uint16x8_t offset)
{
    MCUGEN_EACH(int16x8_t, 8, base[offset.lane[i]]);
}

MCUGEN_KERNEL int32x4_t vldrhq_gather_shifted_offset_s32(const int16_t *base, uint32x4_t offset)
{
    MCUGEN_EACH(int32x4_t, 4, base[offset.lane[i]]);
}

MCUGEN_KERNEL uint32x4_t vldrhq_gather_shifted_offset_u32(const uint16_t *base, uint32x4_t offset)
{
    MCUGEN_EACH(uint32x4_t, 4, base[offset.lane[i]]);
}

MCUGEN_KERNEL void vstrwq_p_s32(int32_t *base, int32x4_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 4; i++) {
        if (MCUGEN_ACTIVE(p, i, 4)) {
            base[i] = value.lane[i];
        }
    }
}

MCUGEN_KERNEL void vstrwq_s32(int32_t *base, int32x4_t value)
{
    vstrwq_p_s32(base, value, 0xffffu);
}

/* The low halves of the lanes. */
MCUGEN_KERNEL void vstrhq_p_s32(int16_t *base, int32x4_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 4; i++) {
        if (MCUGEN_ACTIVE(p, i, 4)) {
            base[i] = mcugen_emulated_half(value.lane[i]);
        }
    }
}

MCUGEN_KERNEL void vstrhq_s32(int16_t *base, int32x4_t value)
{
    vstrhq_p_s32(base, value, 0xffffu);
}

/* The low bytes of the lanes. */
MCUGEN_KERNEL void vstrbq_p_u16(uint8_t *base, uint16x8_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 8; i++) {
        if (MCUGEN_ACTIVE(p, i, 2)) {
            base[i] = (uint8_t)(value.lane[i] & 0xffu);
        }
    }
}

MCUGEN_KERNEL void vstrbq_u16(uint8_t *base, uint16x8_t value)
{
    vstrbq_p_u16(base, value, 0xffffu);
}

MCUGEN_KERNEL int16x8_t vldrhq_z_s16(const int16_t *base, mve_pred16_t p)
{
    MCUGEN_EACH(int16x8_t, 8, MCUGEN_ACTIVE(p, i, 2) ? base[i] : 0);
}

MCUGEN_KERNEL void vstrhq_p_s16(int16_t *base, int16x8_t value, mve_pred16_t p)
{
    for (int32_t i = 0; i < 8; i++) {
        if (MCUGEN_ACTIVE(p, i, 2)) {
            base[i] = value.lane[i];
        }
    }
}

MCUGEN_KERNEL void vstrhq_s16(int16_t *base, int16x8_t value)
{
    memcpy(base, value.lane, 16);
}

MCUGEN_KERNEL int32x4_t vldrbq_gather_offset_z_s32(const int8_t *base, uint32x4_t offset, mve_pred16_t p)
{
    MCUGEN_EACH(int32x4_t, 4, MCUGEN_ACTIVE(p, i, 4) ? base[offset.lane[i]] : 0);
}

#endif
