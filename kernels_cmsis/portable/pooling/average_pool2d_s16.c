/* Average of int16 over the window's part inside the input, rounded half away from zero. A position's outputs are written
 * channel by channel, each after its window has been read. */
#include "portable/pooling/pool_s16.h"

MCUGEN_KERNEL void mcugen_average_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input,
                                             int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, output = mcugen_window_means_s16(params, window, first, 0, output))
}
