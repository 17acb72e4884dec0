/* Padding with a constant. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_pad_s8(const struct mcugen_cmsis_nn_pad_params *params, const int8_t *input,
                                          int8_t *output)
{
    const cmsis_nn_dims size = {params->input[0], params->input[1], params->input[2], params->input[3]};
    const cmsis_nn_dims before = {params->before[0], params->before[1], params->before[2], params->before[3]};
    const cmsis_nn_dims after = {params->after[0], params->after[1], params->after[2], params->after[3]};
    MCUGEN_CMSIS_NN_CALL(arm_pad_s8(input, output, (int8_t)params->value, &size, &before, &after));
}
