/* Requantization without a long multiply, for accumulators within 29 bits (mcugen/kernels/armv6m/channels.py).
 *
 * The multiplier m (Q31, at least 2**30) is cut into m = mh * 2**16 + ml, the accumulator into x = h * 2**16 + l with a
 * signed l. Then
 *   round(x * m / 2**31) = 2 * h * mh + round((h * ml + l * mh + floor(l * ml / 2**16)) / 2**15),
 * and no term leaves 32 bits: l * mh stays within 2**30, h * ml within 2**29.
 */
#ifndef MCUGEN_ARMV6M_REQUANTIZE_H
#define MCUGEN_ARMV6M_REQUANTIZE_H

#include "armv6m/instructions.h"

/* How the channels of a layer become int8; constants of the layer. */
struct mcugen_armv6m_output {
    int32_t zero_point, clamp_min, clamp_max;
    int32_t general; /* 1: multipliers and shifts as in LiteRT; 0: as this file takes them, shift = e */
};

/* round(x * m / 2**31), see above. */
MCUGEN_KERNEL int32_t mcugen_armv6m_scale(int32_t x, int32_t multiplier_high, int32_t multiplier_low)
{
#if MCUGEN_ARMV6M_ASSEMBLY
    int32_t low, middle;
    __asm__(".syntax unified\n\t"
            "sxth %[low], %[x]\n\t"
            "subs %[x], %[x], %[low]\n\t"
            "asrs %[x], %[x], #16\n\t"
            "mov %[middle], %[low]\n\t"
            "muls %[middle], %[ml], %[middle]\n\t"
            "asrs %[middle], %[middle], #16\n\t"
            "muls %[low], %[mh], %[low]\n\t"
            "adds %[middle], %[middle], %[low]\n\t"
            "mov %[low], %[ml]\n\t"
            "muls %[low], %[x], %[low]\n\t"
            "adds %[middle], %[middle], %[low]\n\t"
            "muls %[x], %[mh], %[x]\n\t"
            "lsls %[x], %[x], #1\n\t"
            "asrs %[middle], %[middle], #15\n\t" /* the carry is the bit below */
            "adcs %[x], %[x], %[middle]\n\t"
            : [x] "+l"(x), [low] "=&l"(low), [middle] "=&l"(middle)
            : [mh] "l"(multiplier_high), [ml] "l"(multiplier_low)
            : "cc");
    return x;
#else
    const int32_t low = (int16_t)(uint16_t)((uint32_t)x & 0xffffu), high = (x - low) >> 16;
    const int32_t middle = (low * multiplier_low >> 16) + low * multiplier_high + high * multiplier_low;
    return 2 * high * multiplier_high + ((middle + (1 << 14)) >> 15);
#endif
}

/* What brings the clamp's lower end to 0 and rounds, before the shift by `exponent`. */
MCUGEN_KERNEL int32_t mcugen_armv6m_rounding(const struct mcugen_armv6m_output *out, int32_t exponent)
{
    return (int32_t)((uint32_t)(2 * (out->zero_point - out->clamp_min) + 1) << exponent) >> 1;
}

/* From a scaled accumulator to the output; `negative` is below 0 where the accumulator is: ties go away from zero. */
MCUGEN_KERNEL int32_t mcugen_armv6m_round(const struct mcugen_armv6m_output *out, int32_t value, int32_t negative,
                                         int32_t exponent, int32_t rounding)
{
    const int32_t range = out->clamp_max - out->clamp_min;
    value += rounding;
    if (out->clamp_min < out->zero_point) {
        value += negative >> 31;
    }
    value >>= exponent;
    if ((uint32_t)value > (uint32_t)range) {
        value = value < 0 ? 0 : range;
    }
    return value + out->clamp_min;
}

/* Writes the channel's output from its sum. */
MCUGEN_KERNEL void mcugen_armv6m_finish_one(const struct mcugen_armv6m_output *out, int32_t sum, int32_t multiplier,
                                            int32_t shift, int8_t *output)
{
    if (out->general) {
        const int32_t value = mcugen_requantize(sum, multiplier, shift);
        *output = mcugen_to_int8(value, out->zero_point, out->clamp_min, out->clamp_max);
        return;
    }
    const int32_t scaled = mcugen_armv6m_scale(sum, multiplier >> 16, multiplier & 0xffff);
    int32_t value = mcugen_armv6m_round(out, scaled, sum, shift, mcugen_armv6m_rounding(out, shift));
    /* Keeps GCC from extending what the store cuts off. */
    __asm__("" : "+r"(value));
    *output = (int8_t)value;
}

/* The outputs of a channel in two columns, `step` bytes apart. With a `step` of 0 the first column's is left. */
MCUGEN_KERNEL void mcugen_armv6m_finish(const struct mcugen_armv6m_output *out, int32_t first, int32_t second,
                                        int32_t multiplier, int32_t shift, int8_t *output, int32_t step)
{
    mcugen_armv6m_finish_one(out, second, multiplier, shift, output + step);
    mcugen_armv6m_finish_one(out, first, multiplier, shift, output);
}

#endif
