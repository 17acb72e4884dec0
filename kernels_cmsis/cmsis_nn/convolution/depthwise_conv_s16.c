/* Depthwise convolution of int16: any channel multiplier and dilation. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_depthwise_conv_s16(const struct mcugen_cmsis_nn_convolve_params *params, const int16_t *input,
                                   const int8_t *weights, const int64_t *bias, const int32_t *multiplier,
                                   const int32_t *shift, int16_t *output)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, NULL);
    MCUGEN_CMSIS_NN_CALL(arm_depthwise_conv_s16(&a.context, &a.depthwise, &a.quantization, &a.input, input,
                                                &a.depthwise_filter, weights, &a.bias, bias, &a.output, output));
}
