/* Product of int16: mcugen_mul_s16 of the portable library in lanes. */
#include "mve/elementwise/mul.h"

MCUGEN_KERNEL void mcugen_mve_mul_s16(const struct mcugen_mul_params *params, const int16_t *input0,
                                     const int16_t *input1, int16_t *output)
{
    int8_t *to = (int8_t *)output;
    MCUGEN_EACH_ROW(params, input0, input1,
                    to = mcugen_mve_mul_row(params, 2, (const int8_t *)row0, (const int8_t *)row1, to))
}
