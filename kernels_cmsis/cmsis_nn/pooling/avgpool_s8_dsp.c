/* Average pooling for cores with DSP: a 32-bit sum for each channel lies in scratch. */
#include "pool.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_avgpool_s8_dsp(const struct mcugen_cmsis_nn_pool_params *params, const int8_t *input,
                                                  int8_t *output, void *scratch)
{
    const struct mcugen_cmsis_nn_pool_arguments a = mcugen_cmsis_nn_pool_arguments(params, scratch);
    MCUGEN_CMSIS_NN_REQUIRE(arm_avgpool_s8_get_buffer_size(params->output_w, params->channels) ==
                            params->scratch_bytes);
    MCUGEN_CMSIS_NN_CALL(arm_avgpool_s8(&a.context, &a.pool, &a.input, input, &a.filter, &a.output, output));
}
