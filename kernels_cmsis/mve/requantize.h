/* Exact double rounding in lanes: mcugen_requantize of mcugen_requantize.h for four sums at a time. */
#ifndef MCUGEN_MVE_REQUANTIZE_H
#define MCUGEN_MVE_REQUANTIZE_H

#include "vectors.h"

/* Where int8 results go. `general`: 1 when a shift is above -1. */
struct mcugen_mve_output {
    int32_t zero_point, lowest, highest, general;
};

/* Limits to what is asked for, in the low byte of each lane. */
MCUGEN_KERNEL int32x4_t mcugen_mve_clamp(int32x4_t x, const struct mcugen_mve_output *out)
{
    if (out->lowest == INT8_MIN && out->highest == INT8_MAX) {
        /* Without vectors of limits, which loops would have to keep. */
#if MCUGEN_MVE_ALL_REGISTERS
        __asm__("vqmovnb.s32 %q0, %q0\n\tvqmovnb.s16 %q0, %q0" : "+w"(x));
        return x;
#else
        const int16x8_t halves = vreinterpretq_s16_s32(x);
        const int8x16_t bytes = vreinterpretq_s8_s16(vqmovnbq_s32(halves, x));
        return vreinterpretq_s32_s8(vqmovnbq_s16(bytes, vreinterpretq_s16_s8(bytes)));
#endif
    }
    return vminq_s32(vmaxq_s32(x, vdupq_n_s32(out->lowest)), vdupq_n_s32(out->highest));
}

/* round(x * multiplier / 2**31), then divided by 2**-shift, ties away from zero, plus the zero point, clamped.
 *
 * VRSHL rounds ties up. What is negative is one less before: x < 0 says so as well as the product does, because a product
 * of 0 stays 0. With a shift of 0 nothing may be taken away (general form), and where the clamp cuts off all below the
 * zero point nothing needs to be. Multipliers are above INT32_MIN: the product leaves room for one less.
 */
MCUGEN_KERNEL int32x4_t mcugen_mve_requantize(int32x4_t x, int32x4_t multiplier, int32x4_t shift,
                                              const struct mcugen_mve_output *out)
{
    if (out->general) {
        const int32x4_t right = vminq_s32(shift, vdupq_n_s32(0));
        x = vqrdmulhq_s32(vqshlq_s32(x, vmaxq_s32(shift, vdupq_n_s32(0))), multiplier);
        x = vaddq_s32(x, vshrq_n_s32(vandq_s32(x, right), 31));
        x = vqaddq_n_s32(vrshlq_s32(x, right), out->zero_point);
    } else {
        const int32x4_t product = vqrdmulhq_s32(x, multiplier);
        x = out->lowest < out->zero_point ? vaddq_s32(product, vshrq_n_s32(x, 31)) : product;
        x = vaddq_n_s32(vrshlq_s32(x, shift), out->zero_point);
    }
    return mcugen_mve_clamp(x, out);
}

/* The same with one multiplier and shift for all lanes. */
MCUGEN_KERNEL int32x4_t mcugen_mve_requantize_n(int32x4_t x, int32_t multiplier, int32_t shift,
                                                const struct mcugen_mve_output *out)
{
    if (out->general) {
        return mcugen_mve_requantize(x, vdupq_n_s32(multiplier), vdupq_n_s32(shift), out);
    }
    x = out->lowest < out->zero_point ? vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, multiplier)
                                      : vqrdmulhq_n_s32(x, multiplier);
    x = vaddq_n_s32(vrshlq_n_s32(x, shift), out->zero_point);
    return mcugen_mve_clamp(x, out);
}

#endif
