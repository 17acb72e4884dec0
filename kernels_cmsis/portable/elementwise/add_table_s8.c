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

MCUGEN_KERNEL int8_t mcugen_add_table_finish(const struct mcugen_add_table_params *params, int32_t sum)
{
    if (params->general_requantization) {
        const int32_t value = mcugen_requantize(sum, params->output_multiplier, params->output_shift);
        return mcugen_to_int8(value, params->output_zero_point, params->clamp_min, params->clamp_max);
    }
    return mcugen_requantize_fast(sum, params->output_multiplier, params->output_shift, params->output_zero_point,
                                  params->clamp_min, params->clamp_max);
}

/* Four elements of both inputs, read before the first of them is written. */
MCUGEN_KERNEL void mcugen_add_table_four(const struct mcugen_add_table_params *params, const int8_t *input0,
                                         const int8_t *input1, const int32_t *table0, const int32_t *table1,
                                         int8_t *output)
{
    uint32_t word0, word1;
    memcpy(&word0, input0, sizeof word0);
    memcpy(&word1, input1, sizeof word1);
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        const int32_t sum = table0[word0 >> 8 * i & 0xffu] + table1[word1 >> 8 * i & 0xffu];
        output[i] = mcugen_add_table_finish(params, sum);
    }
}

MCUGEN_KERNEL int8_t *mcugen_add_table_row(const struct mcugen_add_table_params *params, const int8_t *input0,
                                           const int8_t *input1, const int32_t *table0, const int32_t *table1,
                                           int8_t *output)
{
    int32_t i = 0;
    /* Small cores load aligned words only. */
    if (!MCUGEN_SMALL_CORE && params->step0[5] == 1 && params->step1[5] == 1) {
        for (; i < (params->shape[5] & ~3); i += 4) {
            mcugen_add_table_four(params, input0, input1, table0, table1, output);
            input0 += 4;
            input1 += 4;
            output += 4;
        }
    }
    for (; i < params->shape[5]; i++) {
        *output++ = mcugen_add_table_finish(params, table0[(uint8_t)*input0] + table1[(uint8_t)*input1]);
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
