/* Addition of int16, two elements in a word: the bits of portable/elementwise/add_s16.c, where the packer has proven that
 * nothing overflows.
 *
 * On the common scale an input has 15 bits more, x * 2**15, and a multiplier of at most one half:
 *   m = +-2**30 and no shift (the larger scale):  x * 2**14, exactly;
 *   any other m:  y = (x * 2**15 * m + 2**30) >> 31 = (x * 2**16 * m + 2**31) >> 32, which is SMMULR of x as the upper half
 *   of a word, then y / 2**exponent with ties away from zero. SMMLAR adds what rounds: half a step, less one where y < 0.
 * The sum, doubled, is requantized as in dsp/requantize.h.
 */
#include "dsp/elementwise/halves.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

enum { MCUGEN_DSP_EXACT_MULTIPLIER = 1 << 30 };

/* What is kept in registers along a row. */
struct mcugen_dsp_add_roundings {
    int32_t term0, term1, output;
    uint32_t upper_half;
};

MCUGEN_KERNEL int mcugen_dsp_is_exact(int32_t multiplier, int32_t shift)
{
    return shift == 0 && (multiplier == MCUGEN_DSP_EXACT_MULTIPLIER || multiplier == -MCUGEN_DSP_EXACT_MULTIPLIER);
}

/* Half a step; less one for a negative multiplier, whose products with x are below 0 where x is not. */
MCUGEN_KERNEL int32_t mcugen_dsp_term_rounding(int32_t multiplier, int32_t shift)
{
    return shift == 0 ? 0 : mcugen_in_register((1 << (-shift - 1)) - (multiplier < 0));
}

MCUGEN_KERNEL struct mcugen_dsp_add_roundings mcugen_dsp_add_roundings(const struct mcugen_add_params *params)
{
    const struct mcugen_dsp_add_roundings roundings = {
        mcugen_dsp_term_rounding(params->input0_multiplier, params->input0_shift),
        mcugen_dsp_term_rounding(params->input1_multiplier, params->input1_shift),
        mcugen_in_register(1 << (-params->output_shift - 1)), (uint32_t)mcugen_in_register(-(1 << 16))};
    return roundings;
}

/* sum + the low (top = 0) or high element of a pair on the common scale. */
MCUGEN_KERNEL int32_t mcugen_dsp_add_term_s16(int32_t sum, uint32_t pair, int top, int32_t multiplier, int32_t shift,
                                              int32_t rounding, uint32_t upper_half)
{
    if (mcugen_dsp_is_exact(multiplier, shift)) {
        const uint32_t factor = (uint32_t)(multiplier / (1 << 16));
        return top ? mcugen_smlatb(pair, factor, sum) : mcugen_smlabb(pair, factor, sum);
    }
    const int32_t x = (int32_t)(top ? pair & upper_half : pair << 16);
    if (shift == 0) {
        return sum + mcugen_smmlar(x, multiplier, 0);
    }
    /* y has the sign of x or the other one; where x is 0, it gives 0 with half a step and with one less. */
    const int32_t addend = multiplier < 0 ? rounding - (x >> 31) : rounding + (x >> 31);
    return sum + (mcugen_smmlar(x, multiplier, addend) >> -shift);
}

MCUGEN_KERNEL int32_t mcugen_dsp_add_element_s16(const struct mcugen_add_params *params,
                                                 const struct mcugen_dsp_add_roundings *roundings, uint32_t pair0,
                                                 uint32_t pair1, int top)
{
    int32_t sum = mcugen_dsp_add_term_s16(0, pair0, top, params->input0_multiplier, params->input0_shift,
                                          roundings->term0, roundings->upper_half);
    sum = mcugen_dsp_add_term_s16(sum, pair1, top, params->input1_multiplier, params->input1_shift, roundings->term1,
                                  roundings->upper_half);
    /* Results below 0 are cut off by a clamp from 0 on, and their ties with them. */
    const int32_t addend = params->clamp_min < 0 ? roundings->output + (sum >> 31) : roundings->output;
    const int32_t value = mcugen_smmlar(2 * sum, params->output_multiplier, addend);
    return mcugen_ssat16_of_shifted(value, -params->output_shift);
}

MCUGEN_KERNEL uint32_t mcugen_dsp_add_pair_s16(const struct mcugen_add_params *params,
                                               const struct mcugen_dsp_add_roundings *roundings, uint32_t pair0,
                                               uint32_t pair1)
{
    const int32_t low = mcugen_dsp_add_element_s16(params, roundings, pair0, pair1, 0);
    const int32_t high = mcugen_dsp_add_element_s16(params, roundings, pair0, pair1, 1);
    const uint32_t sums = mcugen_pack_low_low((uint32_t)low, (uint32_t)high);
    return mcugen_clamp_halves(sums, params->clamp_min, params->clamp_max);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int16_t *mcugen_dsp_add_row_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                              const int16_t *input1, int16_t *output)
{
    const struct mcugen_dsp_add_roundings roundings = mcugen_dsp_add_roundings(params);
    MCUGEN_DSP_ROW_OF_HALVES(params, input0, input1, output,
                             mcugen_dsp_add_pair_s16(params, &roundings, pair0, pair1))
    return output;
}

MCUGEN_KERNEL void mcugen_dsp_add_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                      const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_dsp_add_row_s16(params, row0, row1, output))
}
