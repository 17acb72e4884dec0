/* Changes scale and zero point from or to int16, four elements at a time: the bits of
 * portable/elementwise/requantize_wide.h, where the packer has proven that nothing overflows. Output may be the input where
 * its elements are not larger.
 *
 * SMLAW gives t = ((multiplier * x) >> 16) + 2**(14 - shift) of a 16-bit x. With a shift of 0 or more the result is
 * t >> (15 - shift), rounded once. With a negative one t >> 15 is the rounded product, which is divided by 2**exponent with
 * ties away from zero (dsp/requantize.h).
 */
#include "dsp/requantize.h"
#include "dsp/elementwise/halves.h"
#include "portable/elementwise/params.h"

enum { MCUGEN_DSP_SMLAW_BITS = 15 };

/* Kept in registers: what SMLAW adds, and what is added to its rounded product where there is a second rounding. */
struct mcugen_dsp_requantize_roundings {
    int32_t first, second;
};

MCUGEN_KERNEL struct mcugen_dsp_requantize_roundings
mcugen_dsp_requantize_roundings(const struct mcugen_requantize_wide_params *params)
{
    const int32_t half = 2 * params->output_zero_point + 1, shift = params->shift;
    const struct mcugen_dsp_requantize_roundings once = {
        shift >= 0 ? mcugen_in_register(half * (1 << (MCUGEN_DSP_SMLAW_BITS - 1 - shift))) : 0, 0};
    const struct mcugen_dsp_requantize_roundings twice = {
        mcugen_in_register(1 << (MCUGEN_DSP_SMLAW_BITS - 1)),
        shift < 0 ? mcugen_in_register(half * (1 << (-shift - 1))) : 0};
    return shift >= 0 ? once : twice;
}

/* The low (top = 0) or high element of a pair, saturated to the output's type. */
MCUGEN_KERNEL int32_t mcugen_dsp_requantize_half(const struct mcugen_requantize_wide_params *params,
                                                 const struct mcugen_dsp_requantize_roundings *roundings, uint32_t pair,
                                                 int top)
{
    int32_t value = top ? mcugen_smlawt(params->multiplier, pair, roundings->first)
                        : mcugen_smlawb(params->multiplier, pair, roundings->first);
    int32_t exponent = MCUGEN_DSP_SMLAW_BITS - params->shift;
    if (params->shift < 0) {
        /* Results below the zero point are cut off by a clamp from there on, and their ties with them. */
        const int32_t tie = params->clamp_min < params->output_zero_point ? value >> 31 : 0;
        value = roundings->second + (value >> MCUGEN_DSP_SMLAW_BITS) + tie;
        exponent = -params->shift;
    }
    return params->output_bytes == 1 ? mcugen_ssat8_of_shifted(value, exponent)
                                     : mcugen_ssat16_of_shifted(value, exponent);
}

/* Four elements; all are read before one is written. */
MCUGEN_KERNEL void mcugen_dsp_requantize_four(const struct mcugen_requantize_wide_params *params,
                                              const struct mcugen_dsp_requantize_roundings *roundings,
                                              const int8_t *input, int8_t *output)
{
    const int narrow = params->input_bytes == 1;
    const uint32_t zero_points = mcugen_pair(-params->input_zero_point, -params->input_zero_point);
    const uint32_t word = mcugen_load_word(input);
    /* Of bytes the elements 0 and 2, 1 and 3; of halves 0 and 1, 2 and 3. */
    const uint32_t pair0 = narrow ? mcugen_sxtab16(zero_points, word) : word;
    const uint32_t pair1 = narrow ? mcugen_sxtab16_odd(zero_points, word) : mcugen_load_word(input + 4);
    const int32_t v0 = mcugen_dsp_requantize_half(params, roundings, pair0, 0);
    const int32_t v1 = mcugen_dsp_requantize_half(params, roundings, narrow ? pair1 : pair0, !narrow);
    const int32_t v2 = mcugen_dsp_requantize_half(params, roundings, narrow ? pair0 : pair1, narrow);
    const int32_t v3 = mcugen_dsp_requantize_half(params, roundings, pair1, 1);
    if (params->output_bytes == 1) {
        mcugen_store_word(output, mcugen_pack_bytes(v0, v1, v2, v3));
        return;
    }
    const uint32_t first = mcugen_pack_low_low((uint32_t)v0, (uint32_t)v1);
    const uint32_t second = mcugen_pack_low_low((uint32_t)v2, (uint32_t)v3);
    mcugen_store_word(output, mcugen_clamp_halves(first, params->clamp_min, params->clamp_max));
    mcugen_store_word(output + 4, mcugen_clamp_halves(second, params->clamp_min, params->clamp_max));
}

MCUGEN_KERNEL void mcugen_dsp_requantize_one(const struct mcugen_requantize_wide_params *params,
                                             const struct mcugen_dsp_requantize_roundings *roundings,
                                             const int8_t *input, int8_t *output)
{
    const uint32_t x = params->input_bytes == 1 ? (uint32_t)(*input - params->input_zero_point)
                                                : mcugen_load_half(input);
    const int32_t value = mcugen_dsp_requantize_half(params, roundings, x, 0);
    if (params->output_bytes == 1) {
        *output = (int8_t)value;
    } else {
        mcugen_store_half(output, mcugen_clamp_halves((uint32_t)value, params->clamp_min, params->clamp_max));
    }
}

MCUGEN_KERNEL void mcugen_dsp_requantize_wide(const struct mcugen_requantize_wide_params *params, const int8_t *input,
                                             int8_t *output)
{
    const struct mcugen_dsp_requantize_roundings roundings = mcugen_dsp_requantize_roundings(params);
    int8_t *const first = output;
    for (int32_t fours = params->elements / 4; fours > 0; fours--) {
        mcugen_dsp_requantize_four(params, &roundings, input, output);
        input += 4 * params->input_bytes;
        output += 4 * params->output_bytes;
    }
    for (int32_t left = params->elements % 4; left > 0; left--) {
        mcugen_dsp_requantize_one(params, &roundings, input, output);
        input += params->input_bytes;
        output += params->output_bytes;
    }
    if (params->output_bytes == 1) {
        mcugen_dsp_clamp_bytes(first, params->elements, params->clamp_min, params->clamp_max);
    }
}
