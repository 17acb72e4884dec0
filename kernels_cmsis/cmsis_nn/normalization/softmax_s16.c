/* Softmax of int16 over rows: exponentials and the reciprocal of their sum are looked up. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_softmax_s16(const struct mcugen_cmsis_nn_softmax_params *params,
                                               const int16_t *input, const int16_t *exponentials,
                                               const int16_t *reciprocals, int16_t *output)
{
    const cmsis_nn_softmax_lut_s16 tables = {exponentials, reciprocals};
    MCUGEN_CMSIS_NN_CALL(arm_softmax_s16(input, params->rows, params->row_size, params->multiplier, params->shift,
                                         &tables, output));
}
