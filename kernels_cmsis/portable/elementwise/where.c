/* Elements of one of two tensors, by a condition; all three broadcast. Elements are copied byte by byte. */
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

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

MCUGEN_KERNEL void mcugen_where(const struct mcugen_where_params *params, const int8_t *input0, const int8_t *input1,
                                const int8_t *input2, int8_t *output)
{
    MCUGEN_EACH_ROW_OF_THREE(params, input0, input1, input2,
                             output = mcugen_where_row(params, row0, row1, row2, output))
}
