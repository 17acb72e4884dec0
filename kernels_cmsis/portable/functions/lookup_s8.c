/* Any function of one element, through a table: table[(uint8_t)x]; output may be the input. */
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_lookup_s8(const struct mcugen_lookup_params *params, const int8_t *input, const int8_t *table,
                                    int8_t *output)
{
#pragma GCC unroll 4
    for (int32_t i = 0; i < params->elements; i++) {
        output[i] = table[(uint8_t)input[i]];
    }
}
