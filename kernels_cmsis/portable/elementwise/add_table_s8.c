/* Addition through tables: the scaling of each input is looked up, 256 entries of 32 bits an input.
 * table[(uint8_t)x] is the element x on the common scale.
 */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"

struct mcugen_add_table_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t output_zero_point, output_multiplier, output_shift;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

MCUGEN_KERNEL int8_t *mcugen_add_table_row(const struct mcugen_add_table_params *params, const int8_t *input0,
                                           const int8_t *input1, const int32_t *table0, const int32_t *table1,
                                           int8_t *output)
{
#pragma GCC unroll 2
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t sum = table0[(uint8_t)*input0] + table1[(uint8_t)*input1];
        if (params->general_requantization) {
            const int32_t value = mcugen_requantize(sum, params->output_multiplier, params->output_shift);
            *output = mcugen_to_int8(value, params->output_zero_point, params->clamp_min, params->clamp_max);
        } else {
            *output = mcugen_requantize_fast(sum, params->output_multiplier, params->output_shift,
                                             params->output_zero_point, params->clamp_min, params->clamp_max);
        }
        output++;
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_add_table_s8(const struct mcugen_add_table_params *params, const int8_t *input0,
                                    const int8_t *input1, const int32_t *table0, const int32_t *table1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_add_table_row(params, row0, row1, table0, table1, output))
}
