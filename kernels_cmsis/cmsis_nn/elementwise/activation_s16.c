/* Sigmoid and hyperbolic tangent of int16 whose scale is a power of two. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_activation_s16(const struct mcugen_cmsis_nn_activation_params *params,
                                                  const int16_t *input, int16_t *output)
{
    MCUGEN_CMSIS_NN_CALL(arm_nn_activation_s16(input, output, params->elements, params->left_shift,
                                               params->is_tanh ? ARM_TANH : ARM_SIGMOID));
}
