/* Averages of int8 over windows of any sizes. */
#include "adaptive_average.h"

MCUGEN_KERNEL void mcugen_adaptive_average_pool2d_s8(const struct mcugen_adaptive_pool_params *params,
                                                     const int8_t *input, const int16_t *rows, const int16_t *columns,
                                                     int8_t *output)
{
    mcugen_adaptive_average_pool2d(params, input, rows, columns, output, 1);
}
