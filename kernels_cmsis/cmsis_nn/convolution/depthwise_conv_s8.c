/* Any depthwise convolution: channel multiplier, dilation. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_depthwise_conv_s8(const struct mcugen_cmsis_nn_convolve_params *params, const int8_t *input,
                                  const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                  const int32_t *shift, int8_t *output)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, NULL);
    MCUGEN_CMSIS_NN_CALL(arm_depthwise_conv_s8(&a.context, &a.depthwise, &a.quantization, &a.input, input,
                                               &a.depthwise_filter, weights, &a.bias, bias, &a.output, output));
}
