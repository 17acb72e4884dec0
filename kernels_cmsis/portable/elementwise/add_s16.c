/* Addition of int16: both inputs are scaled to a common scale with 15 bits more, added, and scaled to the output. A negative
 * multiplier subtracts. */
#include "portable/elementwise/add_term.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int16_t *mcugen_add_row_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                          const int16_t *input1, int16_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t term0 =
            mcugen_add_term(*input0, 0, params->left_shift, params->input0_multiplier, params->input0_shift);
        const int32_t term1 =
            mcugen_add_term(*input1, 0, params->left_shift, params->input1_multiplier, params->input1_shift);
        const int32_t sum = mcugen_requantize(term0 + term1, params->output_multiplier, params->output_shift);
        *output++ = (int16_t)mcugen_to_integer(sum, 0, params->clamp_min, params->clamp_max);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_add_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                  const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_add_row_s16(params, row0, row1, output))
}
