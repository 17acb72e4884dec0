/* Concatenation of two, three or four tensors along any axis: rows of bytes, side by side. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_concatenation_part(const struct mcugen_cmsis_nn_concatenation_params *params,
                                                      const int part, const int8_t *input, int8_t *output)
{
    arm_concatenation_s8_x(input, (uint16_t)params->inner[part], (uint16_t)params->outer, 1, 1, output,
                           (uint16_t)params->inner_total, (uint32_t)params->offset[part]);
}

MCUGEN_KERNEL void mcugen_cmsis_nn_concatenation2_s8(const struct mcugen_cmsis_nn_concatenation_params *params,
                                                     const int8_t *input0, const int8_t *input1, int8_t *output)
{
    mcugen_cmsis_nn_concatenation_part(params, 0, input0, output);
    mcugen_cmsis_nn_concatenation_part(params, 1, input1, output);
}

MCUGEN_KERNEL void mcugen_cmsis_nn_concatenation3_s8(const struct mcugen_cmsis_nn_concatenation_params *params,
                                                     const int8_t *input0, const int8_t *input1, const int8_t *input2,
                                                     int8_t *output)
{
    mcugen_cmsis_nn_concatenation2_s8(params, input0, input1, output);
    mcugen_cmsis_nn_concatenation_part(params, 2, input2, output);
}

MCUGEN_KERNEL void mcugen_cmsis_nn_concatenation4_s8(const struct mcugen_cmsis_nn_concatenation_params *params,
                                                     const int8_t *input0, const int8_t *input1, const int8_t *input2,
                                                     const int8_t *input3, int8_t *output)
{
    mcugen_cmsis_nn_concatenation3_s8(params, input0, input1, input2, output);
    mcugen_cmsis_nn_concatenation_part(params, 3, input3, output);
}
