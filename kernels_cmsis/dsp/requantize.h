/* From 32-bit accumulators to int8: gemmlowp's double rounding, bit for bit.
 *
 * y = (x * multiplier + 2**30) >> 31, then y / 2**exponent with ties away from zero, plus the zero point, clamped.
 *
 * The fast form takes `multiplier` (at least 2**30) as m = 2 * multiplier - 2**32 and needs exponent >= 1:
 *   SMMLAR(x, m, x + c) = ((x * 2 * multiplier + 2**31) >> 32) + c = y + c,   c = zero_point * 2**exponent + 2**(exponent - 1)
 * and (y + c) >> exponent rounds ties up; ties of negative values move one down by adding x >> 31. Where the clamp cuts
 * off everything below the zero point (ReLU), no negative value survives and that correction is left out.
 * The packer proves from the constant weights that no channel overflows; otherwise it asks for the general form.
 */
#ifndef MCUGEN_DSP_REQUANTIZE_H
#define MCUGEN_DSP_REQUANTIZE_H

#include "dsp/intrinsics.h"
#include "mcugen_requantize_s16.h"

/* Outputs are int16: added to a form of mcugen_requantize_s16.h, but that of 64-bit accumulators. */
enum { MCUGEN_DSP_INT16 = 2 };

/* The layer's constants; every field folds away. */
struct mcugen_dsp_output {
    int32_t zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general; /* 1: multipliers and shifts as in LiteRT, any values; MCUGEN_DSP_INT16 + a form: int16 */
    int32_t relu;    /* 1: nothing below the zero point survives a clamp that comes later */
};

MCUGEN_KERNEL int32_t mcugen_dsp_requantize_general(int32_t accumulator, int32_t multiplier, int32_t shift)
{
    int32_t shifted = accumulator;
    if (shift > 0) {
        const int32_t most = INT32_MAX >> shift, least = -most - 1;
        shifted = accumulator > most ? INT32_MAX : accumulator < least ? INT32_MIN : accumulator * (1 << shift);
    }
    int32_t exponent = shift > 0 ? 0 : -shift;
    int64_t high = ((int64_t)shifted * multiplier + (INT64_C(1) << 30)) >> 31;
    int64_t half = exponent > 0 ? INT64_C(1) << (exponent - 1) : 0;
    if (high > INT32_MAX) {
        high = INT32_MAX;
    }
    /* Ties away from zero; exponent 0 has no ties. */
    return (int32_t)((high + half - (high < 0 && exponent > 0 ? 1 : 0)) >> exponent);
}

MCUGEN_KERNEL int8_t mcugen_dsp_finish_general(int32_t accumulator, int32_t multiplier, uint32_t shift,
                                               const struct mcugen_dsp_output *out)
{
    /* Clamped before the zero point is added: the sum might not fit. */
    const int32_t least = out->clamp_min - out->zero_point, most = out->clamp_max - out->zero_point;
    int32_t value = mcugen_dsp_requantize_general(accumulator, multiplier, (int8_t)(uint8_t)shift);
    value = value < least ? least : value;
    value = value > most ? most : value;
    return (int8_t)(value + out->zero_point);
}

/* Clamps a saturated value that has its zero point. */
MCUGEN_KERNEL int8_t mcugen_dsp_clamp(int32_t value, const struct mcugen_dsp_output *out)
{
    if (out->clamp_min > INT8_MIN) {
        value = value < out->clamp_min ? out->clamp_min : value;
    }
    if (out->clamp_max < INT8_MAX) {
        value = value > out->clamp_max ? out->clamp_max : value;
    }
    return (int8_t)value;
}

/* Saturates and clamps a value that has its zero point. */
MCUGEN_KERNEL int8_t mcugen_dsp_finish(int32_t value, const struct mcugen_dsp_output *out)
{
    return mcugen_dsp_clamp(mcugen_ssat8(value), out);
}

/* c of the fast form: (2 * zero_point + 1) * 2**(exponent - 1). */
MCUGEN_KERNEL int32_t mcugen_dsp_rounding(uint32_t exponent, const struct mcugen_dsp_output *out)
{
    return (int32_t)((uint32_t)(2 * out->zero_point + 1) << exponent) >> 1;
}

/* Whether negative values survive, so that their ties matter. */
MCUGEN_KERNEL int mcugen_dsp_has_ties(const struct mcugen_dsp_output *out)
{
    return out->clamp_min < out->zero_point && !out->relu;
}

/* -1 for an accumulator whose negative ties have to be corrected. */
MCUGEN_KERNEL int32_t mcugen_dsp_tie(int32_t accumulator, const struct mcugen_dsp_output *out)
{
    return mcugen_dsp_has_ties(out) ? accumulator >> 31 : 0;
}

/* `shift`: the exponent (fast form), or LiteRT's shift as an int8 (general form). */
MCUGEN_KERNEL int8_t mcugen_dsp_requantize(int32_t accumulator, int32_t multiplier, uint32_t shift,
                                           const struct mcugen_dsp_output *out)
{
    if (out->general) {
        return mcugen_dsp_finish_general(accumulator, multiplier, shift, out);
    }
    int32_t addend = mcugen_wrapping_add(accumulator, mcugen_dsp_rounding(shift, out));
    addend = mcugen_wrapping_add(addend, mcugen_dsp_tie(accumulator, out));
    return mcugen_dsp_finish(mcugen_smmlar(accumulator, multiplier, addend) >> shift, out);
}

/* Bytes of an output. */
MCUGEN_KERNEL int32_t mcugen_dsp_output_bytes(const struct mcugen_dsp_output *out)
{
    return out->general >= MCUGEN_DSP_INT16 ? 2 : 1;
}

/* Writes the output of an accumulator. */
MCUGEN_KERNEL void mcugen_dsp_put(int8_t *output, int32_t accumulator, int32_t multiplier, uint32_t shift,
                                  const struct mcugen_dsp_output *out)
{
    if (out->general >= MCUGEN_DSP_INT16) {
        const int16_t value = mcugen_to_int16(accumulator, multiplier, (int8_t)(uint8_t)shift,
                                              out->general - MCUGEN_DSP_INT16, out->clamp_min, out->clamp_max);
        memcpy(output, &value, sizeof value);
    } else {
        *output = mcugen_dsp_requantize(accumulator, multiplier, shift, out);
    }
}

/* For sums of doubled products: SMMLAR(2x, multiplier, c) is y + c without more ado. General form: not doubled. */
MCUGEN_KERNEL int8_t mcugen_dsp_requantize_doubled(int32_t accumulator, int32_t multiplier, uint32_t shift,
                                                   int32_t rounding, const struct mcugen_dsp_output *out)
{
    if (out->general) {
        return mcugen_dsp_finish_general(accumulator, multiplier, shift, out);
    }
    int32_t addend = mcugen_wrapping_add(rounding, mcugen_dsp_tie(accumulator, out));
    return mcugen_dsp_finish(mcugen_smmlar(accumulator, multiplier, addend) >> shift, out);
}

/* c of the fast form, with the exponent less one in the low byte of `exponent`: what is above it need not be cut off. */
MCUGEN_KERNEL int32_t mcugen_dsp_rounding_by_byte(uint32_t exponent, const struct mcugen_dsp_output *out)
{
    return mcugen_shift_left_by_byte(2 * out->zero_point + 1, exponent);
}

/* From a doubled sum to int8 in the fast form, with such an exponent. */
MCUGEN_KERNEL int8_t mcugen_dsp_requantize_by_byte(int32_t doubled, int32_t multiplier, uint32_t exponent,
                                                   int32_t rounding, const struct mcugen_dsp_output *out)
{
    const int32_t addend = mcugen_wrapping_add(rounding, mcugen_dsp_tie(doubled, out));
    const int32_t value = mcugen_shift_right_by_byte(mcugen_smmlar(doubled, multiplier, addend), exponent);
    return mcugen_dsp_clamp(mcugen_ssat8_of_half(value), out);
}

/* The same with no clamp but saturation, which assembly does: for kernels that clamp their output in the end. */
MCUGEN_KERNEL struct mcugen_dsp_output mcugen_dsp_saturating(int32_t zero_point, int32_t clamp_min)
{
    const struct mcugen_dsp_output out = {zero_point, INT8_MIN, INT8_MAX, 0, clamp_min >= zero_point};
    return out;
}

/* Clamps an output that is saturated: four bytes at a time. Does nothing for a clamp that is saturation. */
MCUGEN_KERNEL void mcugen_dsp_clamp_bytes(int8_t *output, int32_t bytes, int32_t clamp_min, int32_t clamp_max)
{
    if (clamp_min == INT8_MIN && clamp_max == INT8_MAX) {
        return;
    }
    const uint32_t least = ((uint32_t)clamp_min & 0xffu) * 0x01010101u;
    const uint32_t most = ((uint32_t)clamp_max & 0xffu) * 0x01010101u;
    int8_t *const end = output + bytes, *const words_end = output + (bytes & ~3);
    while (output != words_end) {
        uint32_t word = mcugen_load_word(output);
        word = clamp_min > INT8_MIN ? mcugen_largest_bytes(word, least) : word;
        word = clamp_max < INT8_MAX ? mcugen_smallest_bytes(word, most) : word;
        mcugen_store_word(output, word);
        output += 4;
    }
    while (output != end) {
        const int32_t value = *output < clamp_min ? clamp_min : *output;
        *output++ = (int8_t)(value > clamp_max ? clamp_max : value);
    }
}

#endif
