/* Permutation of the axes, of which neighbours that stay together count as one. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_transpose_s8(const struct mcugen_cmsis_nn_transpose_params *params,
                                                const int8_t *input, int8_t *output)
{
    const cmsis_nn_dims from = {params->input[0], params->input[1], params->input[2], params->input[3]};
    const cmsis_nn_dims to = {params->output[0], params->output[1], params->output[2], params->output[3]};
    const cmsis_nn_transpose_params transpose = {params->rank, params->permutation};
    MCUGEN_CMSIS_NN_CALL(arm_transpose_s8(input, output, &from, &to, &transpose));
}
