/* Addition: mcugen_add_s8 of the portable library in lanes. */
#include "mve/elementwise/add.h"

MCUGEN_KERNEL void mcugen_mve_add_s8(const struct mcugen_add_params *params, const int8_t *input0,
                                     const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_add_row(params, 1, row0, row1, output))
}
