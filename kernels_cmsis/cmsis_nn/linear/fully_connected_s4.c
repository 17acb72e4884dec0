/* Fully connected with int4 weights, one multiplier for all channels. */
#include "fully_connected.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_fully_connected_s4(const struct mcugen_cmsis_nn_fully_connected_params *params, const int8_t *input,
                                   const int8_t *weights, const int32_t *sums, int8_t *output)
{
    const struct mcugen_cmsis_nn_fully_connected_arguments a = mcugen_cmsis_nn_fully_connected_arguments(params, sums);
    const cmsis_nn_per_tensor_quant_params quantization = {params->multiplier, params->shift};
    MCUGEN_CMSIS_NN_CALL(arm_fully_connected_s4(&a.context, &a.fully_connected, &quantization, &a.input, input,
                                                &a.filter, weights, &a.bias_dims, a.bias, &a.output, output));
}
