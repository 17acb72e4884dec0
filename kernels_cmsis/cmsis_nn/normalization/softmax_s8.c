/* Softmax over rows. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_softmax_s8(const struct mcugen_cmsis_nn_softmax_params *params, const int8_t *input,
                                              int8_t *output)
{
    arm_softmax_s8(input, params->rows, params->row_size, params->multiplier, params->shift, params->diff_min, output);
}
