/* Product of two tensors, element by element. Axes and steps as in add_s8.c. */
#include "mcugen_requantize.h"

struct mcugen_mul_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t input0_zero_point, input1_zero_point, output_zero_point;
    int32_t multiplier, shift;
    int32_t clamp_min, clamp_max;
};

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

/* Three axes, the innermost last. */
MCUGEN_KERNEL int8_t *mcugen_mul_block(const struct mcugen_mul_params *params, const int8_t *input0,
                                  const int8_t *input1, int8_t *output)
{
    const int32_t *const shape = params->shape, *const step0 = params->step0, *const step1 = params->step1;
    for (int32_t i = 0; i < shape[3]; i++) {
        for (int32_t j = 0; j < shape[4]; j++) {
            output = mcugen_mul_row(params, input0 + i * step0[3] + j * step0[4],
                                       input1 + i * step1[3] + j * step1[4], output);
        }
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mul_s8(const struct mcugen_mul_params *params, const int8_t *input0,
                                    const int8_t *input1, int8_t *output)
{
    const int32_t *const shape = params->shape, *const step0 = params->step0, *const step1 = params->step1;
    for (int32_t i = 0; i < shape[0]; i++) {
        for (int32_t j = 0; j < shape[1]; j++) {
            for (int32_t k = 0; k < shape[2]; k++) {
                output = mcugen_mul_block(params, input0 + i * step0[0] + j * step0[1] + k * step0[2],
                                             input1 + i * step1[0] + j * step1[1] + k * step1[2], output);
            }
        }
    }
}
