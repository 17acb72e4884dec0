/* Changes scale and zero point from or to int16, four elements at a time: the bits of
 * portable/elementwise/requantize_wide.h, where the packer has proven that nothing overflows. Output may be the input where
 * its elements are not larger.
 *
 * SMLAW gives t = ((multiplier * x) >> 16) + 2**(14 - shift) of a 16-bit x. With a shift of 0 or more the result is
 * t >> (15 - shift), rounded once. With a negative one t >> 15 is the rounded product, which is divided by 2**exponent with
 * ties away from zero (dsp/requantize.h).
 */
#include "../requantize.h"
#include "halves.h"
#include "portable/elementwise/params.h"

enum { MCUGEN_DSP_SMLAW_BITS = 15 };

/* Before saturation, less the last shift, which `mcugen_dsp_requantize_exponent` tells. */
MCUGEN_KERNEL int32_t mcugen_dsp_requantize_half(const struct mcugen_requantize_wide_params *params, uint32_t pair, int top)
{
    const int32_t zero_point = params->output_zero_point;
    if (params->shift >= 0) {
        const int32_t half = (2 * zero_point + 1) * (1 << (MCUGEN_DSP_SMLAW_BITS - 1 - params->shift));
        return top ? mcugen_smlawt(params->multiplier, pair, half) : mcugen_smlawb(params->multiplier, pair, half);
    }
    const int32_t half = 1 << (MCUGEN_DSP_SMLAW_BITS - 1);
    const int32_t t = top ? mcugen_smlawt(params->multiplier, pair, half) : mcugen_smlawb(params->multiplier, pair, half);
    const int32_t rounding = (2 * zero_point + 1) * (1 << (-params->shift - 1));
    const int32_t tie = params->clamp_min < zero_point ? t >> 31 : 0;
    return (t >> MCUGEN_DSP_SMLAW_BITS) + rounding + tie;
}

MCUGEN_KERNEL int32_t mcugen_dsp_requantize_exponent(const struct mcugen_requantize_wide_params *params)
{
    return params->shift >= 0 ? MCUGEN_DSP_SMLAW_BITS - params->shift : -params->shift;
}

/* Writes `count` elements of four, given as two pairs. */
MCUGEN_KERNEL void mcugen_dsp_requantize_four(const struct mcugen_requantize_wide_params *params, uint32_t pair0,
                                              uint32_t pair1, int8_t *output, int32_t count)
{
    const int32_t exponent = mcugen_dsp_requantize_exponent(params);
    const int32_t values[4] = {
        mcugen_dsp_requantize_half(params, pair0, 0), mcugen_dsp_requantize_half(params, pair0, 1),
        mcugen_dsp_requantize_half(params, pair1, 0), mcugen_dsp_requantize_half(params, pair1, 1)};
    if (params->output_bytes == 1) {
        MCUGEN_UNROLL(4)
        for (int32_t i = 0; i < count; i++) {
            output[i] = (int8_t)mcugen_ssat8_of_shifted(values[i], exponent);
        }
        return;
    }
    MCUGEN_UNROLL(2)
    for (int32_t i = 0; i < count; i += 2) {
        const uint32_t pair = mcugen_pack_low_low((uint32_t)mcugen_ssat16_of_shifted(values[i], exponent),
                                                  (uint32_t)mcugen_ssat16_of_shifted(values[i + 1], exponent));
        mcugen_store_halves(output + 2 * i, mcugen_clamp_halves(pair, params->clamp_min, params->clamp_max),
                            count - i > 1 ? 2 : 1);
    }
}

/* `count` (at most 4) elements; all are read before one is written. */
MCUGEN_KERNEL void mcugen_dsp_requantize_some(const struct mcugen_requantize_wide_params *params, const int8_t *input,
                                              int8_t *output, int32_t count)
{
    uint32_t pair0, pair1 = 0;
    if (params->input_bytes == 1) {
        const uint32_t zero_points = mcugen_pair(-params->input_zero_point, -params->input_zero_point);
        uint32_t bytes = 0;
        memcpy(&bytes, input, (uint32_t)count);
        const uint32_t even = mcugen_sxtab16(zero_points, bytes), odd = mcugen_sxtab16_odd(zero_points, bytes);
        pair0 = mcugen_pack_low_low(even, odd);
        pair1 = mcugen_pack_high_high(even, odd);
    } else {
        pair0 = mcugen_load_halves(input, count > 1 ? 2 : 1);
        if (count > 2) {
            pair1 = mcugen_load_halves(input + 4, count - 2);
        }
    }
    mcugen_dsp_requantize_four(params, pair0, pair1, output, count);
}

MCUGEN_KERNEL void mcugen_dsp_requantize_wide(const struct mcugen_requantize_wide_params *params, const int8_t *input,
                                             int8_t *output)
{
    int8_t *const first = output;
    for (int32_t fours = params->elements / 4; fours > 0; fours--) {
        mcugen_dsp_requantize_some(params, input, output, 4);
        input += 4 * params->input_bytes;
        output += 4 * params->output_bytes;
    }
    for (int32_t left = params->elements % 4; left > 0; left--) {
        mcugen_dsp_requantize_some(params, input, output, 1);
        input += params->input_bytes;
        output += params->output_bytes;
    }
    if (params->output_bytes == 1) {
        mcugen_dsp_clamp_bytes(first, params->elements, params->clamp_min, params->clamp_max);
    }
}
