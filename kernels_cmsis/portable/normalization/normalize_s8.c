/* Rows of int8 or int16 normalized by their own statistics, to int8. The output may be the input. */
#include "normalize.h"

MCUGEN_KERNEL void mcugen_normalize_s8(const struct mcugen_normalize_params *params, const void *input,
                                       const int32_t *factors, const int32_t *offsets, int8_t *output)
{
    mcugen_normalize_rows(params, input, factors, offsets, output, 1);
}
