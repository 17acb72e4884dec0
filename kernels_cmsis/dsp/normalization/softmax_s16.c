/* Softmax over rows of int16: the bits of portable/normalization/softmax_s16.c, for shifts of at most 14. The output may be the
 * input. */
#include "dsp/interpolation.h"
#include "portable/normalization/softmax_s16.h"

MCUGEN_KERNEL int32_t mcugen_dsp_largest_s16(const int16_t *input, int32_t elements)
{
    uint32_t most = UINT32_C(0x80008000);
    const int32_t last = input[elements - 1];
    MCUGEN_UNROLL(4)
    for (int32_t pairs = elements / 2; pairs > 0; pairs--) {
        most = mcugen_larger_halves(most, mcugen_load_word((const int8_t *)input));
        input += 2;
    }
    const int32_t largest = mcugen_low(most) > mcugen_high(most) ? mcugen_low(most) : mcugen_high(most);
    return last > largest ? last : largest;
}

/* INT16_MAX and the scaled difference of two elements, which is 0 or below: ties of a second rounding go down. */
MCUGEN_KERNEL int32_t mcugen_dsp_wide_steps(const struct mcugen_softmax_s16_params *params, int32_t doubled)
{
    if (params->shift >= 0) {
        return mcugen_smmlar(doubled, params->multiplier, INT16_MAX);
    }
    const int32_t half = 1 << (-params->shift - 1);
    return (mcugen_smmlar(doubled, params->multiplier, half - 1) >> -params->shift) + INT16_MAX;
}

MCUGEN_KERNEL int32_t mcugen_dsp_wide_exponentials(const struct mcugen_softmax_s16_params *params,
                                                   const int16_t *input, const int16_t *exponentials, int16_t *output)
{
    const struct mcugen_dsp_lines lines = mcugen_dsp_lines(exponentials);
    const int32_t factor = params->shift < 0 ? 2 : 2 << params->shift;
    const int32_t largest = mcugen_in_register(mcugen_dsp_largest_s16(input, params->row_elements) * factor);
    int32_t sum = 0;
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < params->row_elements; i++) {
        const int32_t steps = mcugen_dsp_wide_steps(params, input[i] * factor - largest);
        const int32_t value = mcugen_dsp_interpolate(mcugen_saturate16(steps), &lines);
        output[i] = (int16_t)value;
        sum += value;
    }
    return sum;
}

MCUGEN_KERNEL void mcugen_dsp_softmax_s16(const struct mcugen_softmax_s16_params *params, const int16_t *input,
                                          const int16_t *exponentials, const int16_t *reciprocals, int16_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        const int32_t sum = mcugen_dsp_wide_exponentials(params, input, exponentials, output);
        mcugen_wide_shares(params->row_elements, sum, reciprocals, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
