/* Convolution of int16 with 64-bit accumulators, without groups, as V11 has it. */
#include "convolve.h"

MCUGEN_KERNEL void
mcugen_cmsis_nn_convolve_s16_v11(const struct mcugen_cmsis_nn_convolve_params *params, const int16_t *input,
                                 const int8_t *weights, const int64_t *bias, const int32_t *multiplier,
                                 const int32_t *shift, int16_t *output)
{
    const struct mcugen_cmsis_nn_convolve_arguments a =
        mcugen_cmsis_nn_convolve_arguments(params, multiplier, shift, NULL);
    MCUGEN_CMSIS_NN_REQUIRE(arm_convolve_s16_get_buffer_size(&a.input, &a.filter) == 0);
    MCUGEN_CMSIS_NN_CALL(arm_convolve_s16(&a.context, &a.convolve, &a.quantization, &a.input, input, &a.filter,
                                          weights, &a.bias, bias, &a.output, output));
}
