/* float32 to the nearest integer, from the bits: the same whatever the compiler does with floating-point expressions. */
#ifndef MCUGEN_PORTABLE_NEAREST_H
#define MCUGEN_PORTABLE_NEAREST_H

#include "mcugen_kernels.h"
#include "portable/integers.h"

/* A float's bits are a parameter, since parameters are integers. */
MCUGEN_KERNEL float mcugen_float_of(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

MCUGEN_KERNEL float mcugen_load_float(const int8_t *source)
{
    float value;
    memcpy(&value, source, sizeof value);
    return value;
}

/* Ties to even; beyond 2**30 saturated to it; 0 for NaN. */
MCUGEN_SHARED int32_t mcugen_nearest_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t magnitude = bits & 0x7fffffffu;
    const int32_t exponent = (int32_t)(magnitude >> 23) - 127;
    uint32_t whole;
    if (exponent < -1 || magnitude > 0x7f800000u) {
        return 0;
    }
    if (exponent >= 30) {
        whole = 1u << 30;
    } else {
        const uint32_t digits = (magnitude & 0x7fffffu) | 0x800000u;
        if (exponent >= 23) {
            whole = digits << (exponent - 23);
        } else {
            const int32_t fraction_bits = 23 - exponent;
            const uint32_t odd = digits >> fraction_bits & 1u;
            whole = (digits + (1u << (fraction_bits - 1)) - 1u + odd) >> fraction_bits;
        }
    }
    return bits >> 31 ? -(int32_t)whole : (int32_t)whole;
}

/* Stores the integer for a value in steps. */
MCUGEN_KERNEL void mcugen_store_nearest(int8_t *output, float steps, int32_t zero_point, int32_t lowest,
                                        int32_t highest, int32_t bytes)
{
    const int32_t value = mcugen_nearest_float(steps) + zero_point;
    mcugen_store_integer(output, value < lowest ? lowest : value > highest ? highest : value, bytes);
}

#endif
