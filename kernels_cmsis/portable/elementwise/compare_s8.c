/* Comparison of real numbers with different scales: by their ranks among all values that either input can have. */
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL uint8_t *mcugen_compare_row(const struct mcugen_compare_params *params, const int8_t *input0,
                                         const int8_t *input1, const int16_t *rank0, const int16_t *rank1,
                                         uint8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t difference = rank0[(uint8_t)*input0] - rank1[(uint8_t)*input1];
        const int32_t found = difference < 0 ? 1 : difference > 0 ? 4 : 2;
        *output++ = (found & params->wanted) != 0;
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_compare_s8(const struct mcugen_compare_params *params, const int8_t *input0,
                                     const int8_t *input1, const int16_t *rank0, const int16_t *rank1, uint8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1,
                    output = mcugen_compare_row(params, row0, row1, rank0, rank1, output))
}
