/* Fully connected, a multiplier for each channel. `sums` as in fully_connected_s8.c. */
#include "fully_connected.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_fully_connected_per_channel_s8(const struct mcugen_cmsis_nn_fully_connected_params *params,
                                               const int8_t *input, const int8_t *weights, const int32_t *sums,
                                               const int32_t *multiplier, const int32_t *shift, int8_t *output)
{
    const struct mcugen_cmsis_nn_fully_connected_arguments a = mcugen_cmsis_nn_fully_connected_arguments(params, sums);
    const cmsis_nn_per_channel_quant_params quantization = {(int32_t *)(uintptr_t)multiplier,
                                                            (int32_t *)(uintptr_t)shift};
    MCUGEN_CMSIS_NN_REQUIRE(arm_fully_connected_s8_get_buffer_size(&a.filter) == a.context.size);
    MCUGEN_CMSIS_NN_CALL(arm_fully_connected_per_channel_s8(&a.context, &a.fully_connected, &quantization, &a.input,
                                                            input, &a.filter, weights, &a.bias_dims, a.bias, &a.output,
                                                            output));
}
