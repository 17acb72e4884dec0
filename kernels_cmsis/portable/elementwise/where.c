/* Elements of one of two tensors, by a condition; all three broadcast. Elements are copied byte by byte. */
#include "mcugen_kernels.h"

/* Axes as in broadcast.h; steps in bytes. role: which input is the condition, which is taken where it is true, which where
 * it is false. */
struct mcugen_where_params {
    int32_t shape[6], step0[6], step1[6], step2[6];
    int32_t role[3];
    int32_t element_bytes;
};

/* The innermost axis. */
MCUGEN_KERNEL int8_t *mcugen_where_row(const struct mcugen_where_params *params, const int8_t *input0,
                                       const int8_t *input1, const int8_t *input2, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int8_t *const inputs[3] = {input0, input1, input2};
        const int8_t *const source = inputs[*inputs[params->role[0]] != 0 ? params->role[1] : params->role[2]];
        for (int32_t byte = 0; byte < params->element_bytes; byte++) {
            *output++ = source[byte];
        }
        input0 += params->step0[5];
        input1 += params->step1[5];
        input2 += params->step2[5];
    }
    return output;
}

/* Three axes, the innermost last. */
MCUGEN_KERNEL int8_t *mcugen_where_block(const struct mcugen_where_params *params, const int8_t *input0,
                                         const int8_t *input1, const int8_t *input2, int8_t *output)
{
    const int32_t *const step0 = params->step0, *const step1 = params->step1, *const step2 = params->step2;
    for (int32_t i = 0; i < params->shape[3]; i++) {
        for (int32_t j = 0; j < params->shape[4]; j++) {
            output = mcugen_where_row(params, input0 + i * step0[3] + j * step0[4], input1 + i * step1[3] + j * step1[4],
                                      input2 + i * step2[3] + j * step2[4], output);
        }
    }
    return output;
}

MCUGEN_KERNEL void mcugen_where(const struct mcugen_where_params *params, const int8_t *input0, const int8_t *input1,
                                const int8_t *input2, int8_t *output)
{
    const int32_t *const step0 = params->step0, *const step1 = params->step1, *const step2 = params->step2;
    for (int32_t i = 0; i < params->shape[0]; i++) {
        for (int32_t j = 0; j < params->shape[1]; j++) {
            for (int32_t k = 0; k < params->shape[2]; k++) {
                output = mcugen_where_block(params, input0 + i * step0[0] + j * step0[1] + k * step0[2],
                                            input1 + i * step1[0] + j * step1[1] + k * step1[2],
                                            input2 + i * step2[0] + j * step2[1] + k * step2[2], output);
            }
        }
    }
}
