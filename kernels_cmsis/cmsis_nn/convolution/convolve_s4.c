/* Any convolution of one group with int4 weights: columns of the input are gathered in scratch, then multiplied. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_convolve_s4(const struct mcugen_cmsis_nn_convolve_params *params, const int8_t *input,
                            const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                            const int32_t *shift, int8_t *output, void *scratch)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, scratch);
    MCUGEN_CMSIS_NN_REQUIRE(arm_convolve_s4_get_buffer_size(&a.input, &a.filter) == params->scratch_bytes);
    MCUGEN_CMSIS_NN_CALL(arm_convolve_s4(&a.context, &a.convolve, &a.quantization, &a.input, input,
                                         &a.filter, weights, &a.bias, bias, &a.output, output));
}
