/* Parametric relu of int16: negative inputs are multiplied with a slope of their own. */
#include "mcugen_requantize_s16.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL int16_t *mcugen_prelu_row_s16(const struct mcugen_prelu_params *params, const int16_t *input,
                                            const int16_t *slope, int16_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t x = *input;
        const int32_t value = x >= 0 ? mcugen_requantize(x, params->multiplier, params->shift)
                                     : mcugen_requantize(x * *slope, params->slope_multiplier, params->slope_shift);
        *output++ = (int16_t)mcugen_saturate16(value);
        input += params->step0[5];
        slope += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_prelu_s16(const struct mcugen_prelu_params *params, const int16_t *input0,
                                    const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_prelu_row_s16(params, row0, row1, output))
}
