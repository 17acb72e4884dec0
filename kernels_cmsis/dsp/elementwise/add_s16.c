/* Addition of int16, two elements in a word: the bits of portable/elementwise/add_s16.c, where the packer has proven that
 * nothing overflows.
 *
 * On the common scale an input has 15 bits more, x * 2**15, and a multiplier of at most one half:
 *   m = +-2**30 and no shift (the larger scale):  x * 2**14, exactly;
 *   any other m:  y = (x * 2**15 * m + 2**30) >> 31 = (x * 2**16 * m + 2**31) >> 32, which is SMMULR of x as the upper half
 *   of a word, then y / 2**exponent with ties away from zero. SMMLAR adds what rounds: half a step, less one where y < 0.
 * The sum, doubled, is requantized as in dsp/requantize.h.
 */
#include "halves.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

enum { MCUGEN_DSP_EXACT_MULTIPLIER = 1 << 30 };

/* sum + the low (top = 0) or high element of a pair on the common scale. */
MCUGEN_KERNEL int32_t mcugen_dsp_add_term_s16(int32_t sum, uint32_t pair, int top, int32_t multiplier, int32_t shift)
{
    if (shift == 0 && (multiplier == MCUGEN_DSP_EXACT_MULTIPLIER || multiplier == -MCUGEN_DSP_EXACT_MULTIPLIER)) {
        const uint32_t factor = (uint32_t)(multiplier / (1 << 16));
        return top ? mcugen_smlatb(pair, factor, sum) : mcugen_smlabb(pair, factor, sum);
    }
    const int32_t x = (int32_t)(top ? pair & UINT32_C(0xffff0000) : pair << 16);
    if (shift == 0) {
        return sum + mcugen_smmlar(x, multiplier, 0);
    }
    /* y has the sign of x or the other one; where x is 0, all these give 0. */
    const int32_t half = 1 << (-shift - 1), sign = x >> 31;
    const int32_t addend = multiplier < 0 ? half - 1 - sign : half + sign;
    return sum + (mcugen_smmlar(x, multiplier, addend) >> -shift);
}

MCUGEN_KERNEL int32_t mcugen_dsp_add_element_s16(const struct mcugen_add_params *params, uint32_t pair0, uint32_t pair1,
                                                 int top)
{
    const int32_t exponent = -params->output_shift;
    int32_t sum = mcugen_dsp_add_term_s16(0, pair0, top, params->input0_multiplier, params->input0_shift);
    sum = mcugen_dsp_add_term_s16(sum, pair1, top, params->input1_multiplier, params->input1_shift);
    /* Results below 0 are cut off by a clamp from 0 on, and their ties with them. */
    const int32_t tie = params->clamp_min < 0 ? sum >> 31 : 0;
    const int32_t value = mcugen_smmlar(2 * sum, params->output_multiplier, (1 << (exponent - 1)) + tie);
    return mcugen_ssat16_of_shifted(value, exponent);
}

MCUGEN_KERNEL uint32_t mcugen_dsp_add_pair_s16(const struct mcugen_add_params *params, uint32_t pair0, uint32_t pair1)
{
    const int32_t low = mcugen_dsp_add_element_s16(params, pair0, pair1, 0);
    const int32_t high = mcugen_dsp_add_element_s16(params, pair0, pair1, 1);
    const uint32_t sums = mcugen_pack_low_low((uint32_t)low, (uint32_t)high);
    return mcugen_clamp_halves(sums, params->clamp_min, params->clamp_max);
}

/* The innermost axis, along which an input may be one element again and again; returns the end of its outputs. */
MCUGEN_KERNEL int16_t *mcugen_dsp_add_row_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                              const int16_t *input1, int16_t *output)
{
    const int32_t count = params->shape[5], varies0 = params->step0[5], varies1 = params->step1[5];
    const uint32_t first0 = (uint16_t)*input0, first1 = (uint16_t)*input1;
    const uint32_t all0 = mcugen_pack_low_low(first0, first0), all1 = mcugen_pack_low_low(first1, first1);
    const int8_t *from0 = (const int8_t *)input0, *from1 = (const int8_t *)input1;
    int8_t *to = (int8_t *)output;
    MCUGEN_UNROLL(2)
    for (int32_t pairs = count / 2; pairs > 0; pairs--) {
        const uint32_t pair0 = varies0 ? mcugen_load_word(from0) : all0, pair1 = varies1 ? mcugen_load_word(from1) : all1;
        mcugen_store_word(to, mcugen_dsp_add_pair_s16(params, pair0, pair1));
        from0 += 4;
        from1 += 4;
        to += 4;
    }
    if (count % 2 != 0) {
        const uint32_t pair0 = varies0 ? mcugen_load_halves(from0, 1) : all0;
        const uint32_t pair1 = varies1 ? mcugen_load_halves(from1, 1) : all1;
        mcugen_store_halves(to, mcugen_dsp_add_pair_s16(params, pair0, pair1), 1);
    }
    return output + count;
}

MCUGEN_KERNEL void mcugen_dsp_add_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                      const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_dsp_add_row_s16(params, row0, row1, output))
}
