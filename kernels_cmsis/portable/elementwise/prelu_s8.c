/* Parametric relu: negative inputs are multiplied with a slope of their own, as in TFLM's PRELU. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL int8_t *mcugen_prelu_row(const struct mcugen_prelu_params *params, const int8_t *input,
                                       const int8_t *slope, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t x = *input - params->input_zero_point;
        int32_t value;
        if (x >= 0) {
            value = mcugen_requantize(x, params->multiplier, params->shift);
        } else {
            value = mcugen_requantize(x * (*slope - params->slope_zero_point), params->slope_multiplier,
                                      params->slope_shift);
        }
        *output++ = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
        input += params->step0[5];
        slope += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_prelu_s8(const struct mcugen_prelu_params *params, const int8_t *input0, const int8_t *input1,
                                   int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_prelu_row(params, row0, row1, output))
}
