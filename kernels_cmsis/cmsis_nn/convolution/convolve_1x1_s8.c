/* Pointwise convolution with a stride: one matrix product for each row. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_convolve_1x1_s8(const struct mcugen_cmsis_nn_convolve_params *params, const int8_t *input,
                                const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                const int32_t *shift, int8_t *output)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, NULL);
    MCUGEN_CMSIS_NN_CALL(arm_convolve_1x1_s8(&a.context, &a.convolve, &a.quantization, &a.input, input,
                                             &a.filter, weights, &a.bias, bias, &a.output, output));
}
