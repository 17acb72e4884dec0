/* Permutes axes: the output is written in order, `step` is the distance of input elements along each output axis. */
#include "mcugen_kernels.h"

/* shape: of the output, axes merged, innermost last; step: input elements from one to the next along each. */
struct mcugen_transpose_params {
    int32_t shape[5], step[5];
};

MCUGEN_KERNEL void mcugen_transpose_s8(const struct mcugen_transpose_params *params, const int8_t *input,
                                       int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->step;
    for (int32_t h = 0; h < shape[0]; h++) {
        for (int32_t i = 0; i < shape[1]; i++) {
            for (int32_t j = 0; j < shape[2]; j++) {
                for (int32_t k = 0; k < shape[3]; k++) {
                    const int8_t *x = input + h * step[0] + i * step[1] + j * step[2] + k * step[3];
                    for (int32_t l = 0; l < shape[4]; l++) {
                        *output++ = *x;
                        x += step[4];
                    }
                }
            }
        }
    }
}
