/* Sigmoid and hyperbolic tangent of int16 whose scale is a power of two, as V11 has them: at most 65535 elements. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_activation_s16_v11(const struct mcugen_cmsis_nn_activation_params *params,
                                                      const int16_t *input, int16_t *output)
{
    arm_nn_activation_s16(input, output, (uint16_t)params->elements, (uint16_t)params->left_shift,
                          params->is_tanh ? ARM_TANH : ARM_SIGMOID);
}
