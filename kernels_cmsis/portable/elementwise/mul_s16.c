/* Product of two int16 tensors, element by element. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int16_t *mcugen_mul_row_s16(const struct mcugen_mul_params *params, const int16_t *input0,
                                          const int16_t *input1, int16_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t value = mcugen_requantize(*input0 * *input1, params->multiplier, params->shift);
        *output++ = (int16_t)mcugen_to_integer(value, 0, params->clamp_min, params->clamp_max);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mul_s16(const struct mcugen_mul_params *params, const int16_t *input0,
                                  const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mul_row_s16(params, row0, row1, output))
}
