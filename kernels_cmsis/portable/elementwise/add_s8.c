/* Addition: both inputs are scaled to a common scale with 20 bits more, added, and scaled to the output. A negative
 * multiplier subtracts.
 */
#include "portable/elementwise/add_term.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_add_row(const struct mcugen_add_params *params, const int8_t *input0, const int8_t *input1,
                                     int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t term0 = mcugen_add_term(*input0, params->input0_zero_point, params->left_shift,
                                              params->input0_multiplier, params->input0_shift);
        const int32_t term1 = mcugen_add_term(*input1, params->input1_zero_point, params->left_shift,
                                              params->input1_multiplier, params->input1_shift);
        const int32_t sum = mcugen_requantize(term0 + term1, params->output_multiplier, params->output_shift);
        *output++ = mcugen_to_int8(sum, params->output_zero_point, params->clamp_min, params->clamp_max);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_add_s8(const struct mcugen_add_params *params, const int8_t *input0,
                                    const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_add_row(params, row0, row1, output))
}
