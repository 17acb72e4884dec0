/* Depthwise convolution with channel multiplier 1, for cores with DSP or Helium. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_depthwise_conv_s8_opt(const struct mcugen_cmsis_nn_convolve_params *params, const int8_t *input,
                                      const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                      const int32_t *shift, int8_t *output, void *scratch)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, scratch);
    MCUGEN_CMSIS_NN_REQUIRE(arm_depthwise_conv_s8_opt_get_buffer_size(&a.input, &a.depthwise_filter) ==
                            params->scratch_bytes);
    MCUGEN_CMSIS_NN_CALL(arm_depthwise_conv_s8_opt(&a.context, &a.depthwise, &a.quantization, &a.input, input,
                                                   &a.depthwise_filter, weights, &a.bias, bias, &a.output, output));
}
