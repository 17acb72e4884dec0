/* Addition through tables, as portable/elementwise/add_table_s8.c, with tables of doubled numbers: a sum of two entries is
 * scaled, rounded and given its zero point by one instruction (requantize.h), shifted and saturated by another.
 * table[(uint8_t)x] is twice the element x on the common scale.
 */
#include "portable/elementwise/broadcast.h"
#include "dsp/requantize.h"

struct mcugen_dsp_add_table_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t output_zero_point, output_multiplier, output_exponent;
    int32_t clamp_min, clamp_max;
};

MCUGEN_KERNEL int8_t mcugen_dsp_add_table_element(const struct mcugen_dsp_add_table_params *params, int32_t sum)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max, 0, 0};
    const int32_t rounding = mcugen_dsp_rounding((uint32_t)params->output_exponent, &out);
    const int32_t addend = mcugen_wrapping_add(rounding, mcugen_dsp_tie(sum, &out));
    const int32_t value = mcugen_smmlar(sum, params->output_multiplier, addend);
    return mcugen_dsp_clamp(mcugen_ssat8_of_shifted(value, params->output_exponent), &out);
}

/* Four elements of both inputs, read before the first of them is written. */
MCUGEN_KERNEL void mcugen_dsp_add_table_four(const struct mcugen_dsp_add_table_params *params, const int8_t *input0,
                                             const int8_t *input1, const int32_t *table0, const int32_t *table1,
                                             int8_t *output)
{
    const uint32_t word0 = mcugen_load_word(input0), word1 = mcugen_load_word(input1);
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < 4; i++) {
        const int32_t sum = table0[word0 >> 8 * i & 0xffu] + table1[word1 >> 8 * i & 0xffu];
        output[i] = mcugen_dsp_add_table_element(params, sum);
    }
}

MCUGEN_KERNEL int8_t *mcugen_dsp_add_table_row(const struct mcugen_dsp_add_table_params *params, const int8_t *input0,
                                               const int8_t *input1, const int32_t *table0, const int32_t *table1,
                                               int8_t *output)
{
    int32_t i = 0;
    if (params->step0[5] == 1 && params->step1[5] == 1) {
        for (; i < (params->shape[5] & ~3); i += 4) {
            mcugen_dsp_add_table_four(params, input0, input1, table0, table1, output);
            input0 += 4;
            input1 += 4;
            output += 4;
        }
    }
    for (; i < params->shape[5]; i++) {
        *output++ = mcugen_dsp_add_table_element(params, table0[(uint8_t)*input0] + table1[(uint8_t)*input1]);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_dsp_add_table_s8(const struct mcugen_dsp_add_table_params *params, const int8_t *input0,
                                           const int8_t *input1, const int32_t *table0, const int32_t *table1,
                                           int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1,
                    output = mcugen_dsp_add_table_row(params, row0, row1, table0, table1, output))
}
