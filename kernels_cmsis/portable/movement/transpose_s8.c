/* Permutes axes of bytes: the output is written in order, `step` is the distance of input bytes along each output axis.
 * The bytes of a larger element are one more axis. */
#include "portable/bytes.h"
#include "portable/movement/transpose.h"

/* The innermost axis: bytes that stay neighbours are copied in words. Returns the output's end. */
MCUGEN_KERNEL int8_t *mcugen_transpose_row(const int8_t *input, int32_t count, int32_t step, int8_t *output)
{
    if (step == 1 && count >= 4) {
        return mcugen_copy(output, input, count);
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < count; i++) {
        *output++ = *input;
        input += step;
    }
    return output;
}

/* The four innermost axes. */
MCUGEN_KERNEL int8_t *mcugen_transpose_block(const struct mcugen_transpose_params *params, const int8_t *input,
                                             int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->step;
    for (int32_t i = 0; i < shape[3]; i++) {
        for (int32_t j = 0; j < shape[4]; j++) {
            for (int32_t k = 0; k < shape[5]; k++) {
                output = mcugen_transpose_row(input + i * step[3] + j * step[4] + k * step[5], shape[6], step[6], output);
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
