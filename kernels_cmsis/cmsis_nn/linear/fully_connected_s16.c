/* Fully connected of int16 with 64-bit accumulators and one multiplier for all channels. */
#include "fully_connected.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_fully_connected_s16(const struct mcugen_cmsis_nn_fully_connected_params *params, const int16_t *input,
                                    const int8_t *weights, const int64_t *bias, int16_t *output)
{
    const struct mcugen_cmsis_nn_fully_connected_arguments a = mcugen_cmsis_nn_fully_connected_arguments(params, NULL);
    const cmsis_nn_per_tensor_quant_params quantization = {params->multiplier, params->shift};
    MCUGEN_CMSIS_NN_REQUIRE(arm_fully_connected_s16_get_buffer_size(&a.filter) == 0);
    MCUGEN_CMSIS_NN_CALL(arm_fully_connected_s16(&a.context, &a.fully_connected, &quantization, &a.input, input,
                                                 &a.filter, weights, &a.bias_dims, bias, &a.output, output));
}
