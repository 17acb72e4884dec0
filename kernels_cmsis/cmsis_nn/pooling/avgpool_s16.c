/* Average pooling of int16 for cores that need no working memory for it: scalar and Helium. */
#include "pool.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_avgpool_s16(const struct mcugen_cmsis_nn_pool_params *params, const int16_t *input,
                                              int16_t *output)
{
    const struct mcugen_cmsis_nn_pool_arguments a = mcugen_cmsis_nn_pool_arguments(params, NULL);
    MCUGEN_CMSIS_NN_REQUIRE(arm_avgpool_s16_get_buffer_size(params->output_w, params->channels) == 0);
    MCUGEN_CMSIS_NN_CALL(arm_avgpool_s16(&a.context, &a.pool, &a.input, input, &a.filter, &a.output, output));
}
