/* Quotient of two tensors: the numerator times the reciprocal, which a table holds with 14 fractional bits. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* reciprocals[(uint8_t)x]: output steps that a numerator of 1 divided by x gives; at most 256 * 2**14. */
MCUGEN_KERNEL int8_t *mcugen_div_row(const struct mcugen_div_params *params, const int8_t *input0, const int8_t *input1,
                                     const int32_t *reciprocals, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t numerator = (params->swapped ? *input1 : *input0) - params->numerator_zero_point;
        const int32_t product = numerator * reciprocals[(uint8_t)(params->swapped ? *input0 : *input1)];
        const int32_t value = mcugen_rounding_shift_right(product, 14);
        *output++ = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_div_s8(const struct mcugen_div_params *params, const int8_t *input0, const int8_t *input1,
                                 const int32_t *reciprocals, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_div_row(params, row0, row1, reciprocals, output))
}
