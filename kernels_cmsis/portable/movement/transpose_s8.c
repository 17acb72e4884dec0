/* Permutes axes of bytes: the output is written in order, `step` is the distance of input bytes along each output axis.
 * The bytes of a larger element are one more axis. */
#include "portable/movement/transpose.h"

/* The four innermost axes. */
MCUGEN_KERNEL int8_t *mcugen_transpose_block(const struct mcugen_transpose_params *params, const int8_t *input,
                                             int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->step;
    for (int32_t i = 0; i < shape[3]; i++) {
        for (int32_t j = 0; j < shape[4]; j++) {
            for (int32_t k = 0; k < shape[5]; k++) {
                const int8_t *x = input + i * step[3] + j * step[4] + k * step[5];
                for (int32_t l = 0; l < shape[6]; l++) {
                    *output++ = *x;
                    x += step[6];
                }
            }
        }
    }
    return output;
}

MCUGEN_KERNEL void mcugen_transpose_s8(const struct mcugen_transpose_params *params, const int8_t *input,
                                       int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->step;
    for (int32_t i = 0; i < shape[0]; i++) {
        for (int32_t j = 0; j < shape[1]; j++) {
            for (int32_t k = 0; k < shape[2]; k++) {
                output = mcugen_transpose_block(params, input + i * step[0] + j * step[1] + k * step[2], output);
            }
        }
    }
}
