/* Convolution of int16 without groups; the bias, and so the accumulators, have 32 or 64 bits. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_convolve_s16(const struct mcugen_cmsis_nn_convolve_params *params, const int16_t *input,
                             const int8_t *weights, const void *bias, const int32_t *multiplier,
                             const int32_t *shift, int16_t *output, void *scratch)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, scratch);
    const cmsis_nn_bias_data typed_bias = {bias, params->bias_bytes == 4};
    MCUGEN_CMSIS_NN_REQUIRE(arm_convolve_s16_get_buffer_size(&a.input, &a.filter) == params->scratch_bytes);
    MCUGEN_CMSIS_NN_CALL(arm_convolve_s16(&a.context, &a.convolve, &a.quantization, &a.input, input, &a.filter,
                                          weights, &a.bias, &typed_bias, &a.output, output));
}
