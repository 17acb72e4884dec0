/* Addition of two tensors; the second is repeated along the leading axes where it has fewer elements. */
#include "cmsis_nn/cmsis_nn.h"

MCUGEN_KERNEL void mcugen_cmsis_nn_add_s8(const struct mcugen_cmsis_nn_add_params *params, const int8_t *input1,
                                          const int8_t *input2, int8_t *output)
{
    for (int32_t i = 0; i < params->repeats; i++) {
        const int32_t start = i * params->block;
        MCUGEN_CMSIS_NN_CALL(arm_elementwise_add_s8(
            input1 + start, input2, params->input1_offset, params->input1_multiplier, params->input1_shift,
            params->input2_offset, params->input2_multiplier, params->input2_shift, params->left_shift, output + start,
            params->output_offset, params->output_multiplier, params->output_shift, params->activation_min,
            params->activation_max, params->block));
    }
}
