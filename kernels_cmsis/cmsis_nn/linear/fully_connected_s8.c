/* Fully connected, one multiplier for all channels.
 *
 * `sums` starts the accumulators: the bias; with Helium also -zero point * (sum of the channel weights), which newer
 * kernels expect to find in the context. */
#include "fully_connected.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_fully_connected_s8(const struct mcugen_cmsis_nn_fully_connected_params *params, const int8_t *input,
                                   const int8_t *weights, const int32_t *sums, int8_t *output)
{
    const struct mcugen_cmsis_nn_fully_connected_arguments a = mcugen_cmsis_nn_fully_connected_arguments(params, sums);
    const cmsis_nn_per_tensor_quant_params quantization = {params->multiplier, params->shift};
    MCUGEN_CMSIS_NN_REQUIRE(arm_fully_connected_s8_get_buffer_size(&a.filter) == a.context.size);
    MCUGEN_CMSIS_NN_CALL(arm_fully_connected_s8(&a.context, &a.fully_connected, &quantization, &a.input, input,
                                                &a.filter, weights, &a.bias_dims, a.bias, &a.output, output));
}
