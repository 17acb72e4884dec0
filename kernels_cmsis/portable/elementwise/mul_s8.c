/* Product of two tensors, element by element. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL int8_t *mcugen_mul_row(const struct mcugen_mul_params *params, const int8_t *input0, const int8_t *input1,
                                     int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t product = (*input0 - params->input0_zero_point) * (*input1 - params->input1_zero_point);
        const int32_t value = mcugen_requantize(product, params->multiplier, params->shift);
        *output++ = mcugen_to_int8(value, params->output_zero_point, params->clamp_min, params->clamp_max);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mul_s8(const struct mcugen_mul_params *params, const int8_t *input0,
                                    const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mul_row(params, row0, row1, output))
}
