/* Any convolution, by CMSIS-NN up to 6.0: columns of the input are gathered in scratch, then multiplied.
 * How much scratch 4.1 wants depends on the release. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_convolve_s8_v11(const struct mcugen_cmsis_nn_convolve_params *params, const int8_t *input,
                                const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                const int32_t *shift, int8_t *output, void *scratch)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, scratch);
    MCUGEN_CMSIS_NN_REQUIRE(arm_convolve_s8_get_buffer_size(&a.input, &a.filter) <= params->scratch_bytes);
    MCUGEN_CMSIS_NN_CALL(arm_convolve_s8(&a.context, &a.convolve, &a.quantization, &a.input, input,
                                         &a.filter, weights, &a.bias, bias, &a.output, output));
}
