/* Averages of int16 over windows of any sizes. */
#include "adaptive_average.h"

MCUGEN_KERNEL void mcugen_adaptive_average_pool2d_s16(const struct mcugen_adaptive_pool_params *params,
                                                      const int16_t *input, const int16_t *rows, const int16_t *columns,
                                                      int16_t *output)
{
    mcugen_adaptive_average_pool2d(params, (const int8_t *)input, rows, columns, (int8_t *)output, 2);
}
