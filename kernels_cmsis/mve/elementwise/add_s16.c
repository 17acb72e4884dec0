/* Addition of int16: mcugen_add_s16 of the portable library in lanes. */
#include "mve/elementwise/add.h"

MCUGEN_KERNEL void mcugen_mve_add_s16(const struct mcugen_add_params *params, const int16_t *input0,
                                     const int16_t *input1, int16_t *output)
{
    int8_t *to = (int8_t *)output;
    MCUGEN_EACH_ROW(params, input0, input1,
                    to = mcugen_mve_add_row(params, 2, (const int8_t *)row0, (const int8_t *)row1, to))
}
