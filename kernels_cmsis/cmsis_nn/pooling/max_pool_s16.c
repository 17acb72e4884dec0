/* Maximum pooling of int16. */
#include "pool.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_max_pool_s16(const struct mcugen_cmsis_nn_pool_params *params, const int16_t *input,
                                               int16_t *output)
{
    const struct mcugen_cmsis_nn_pool_arguments a = mcugen_cmsis_nn_pool_arguments(params, NULL);
    MCUGEN_CMSIS_NN_CALL(arm_max_pool_s16(&a.context, &a.pool, &a.input, input, &a.filter, &a.output, output));
}
