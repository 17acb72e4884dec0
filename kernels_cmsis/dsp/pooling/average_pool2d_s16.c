/* Average of int16 over the window's part inside the input, rounded half away from zero: four channels of a position at a
 * time, two in a word, written after their windows have been read. */
#include "dsp/intrinsics.h"
#include "portable/pooling/pool_s16.h"

MCUGEN_KERNEL int16_t *mcugen_dsp_window_means_s16(const struct mcugen_pool_params *params,
                                                   struct mcugen_window window, const int16_t *first, int16_t *output)
{
    const int32_t depth = params->input_c, count = window.rows * window.columns;
    int32_t c = 0;
    for (; c + 4 <= depth; c += 4) {
        int32_t sums[4] = {0, 0, 0, 0};
        for (int32_t y = 0; y < window.rows; y++) {
            const int8_t *x = (const int8_t *)(first + y * params->input_w * depth + c);
#pragma GCC unroll 4
            for (int32_t i = 0; i < window.columns; i++) {
                const uint32_t low = mcugen_load_word(x), high = mcugen_load_word(x + 4);
                sums[0] += mcugen_low(low);
                sums[1] += mcugen_high(low);
                sums[2] += mcugen_low(high);
                sums[3] += mcugen_high(high);
                x += 2 * depth;
            }
        }
        output[0] = mcugen_rounded_mean_s16(params, sums[0], count);
        output[1] = mcugen_rounded_mean_s16(params, sums[1], count);
        output[2] = mcugen_rounded_mean_s16(params, sums[2], count);
        output[3] = mcugen_rounded_mean_s16(params, sums[3], count);
        output += 4;
    }
    return mcugen_window_means_s16(params, window, first, c, output);
}

MCUGEN_KERNEL void mcugen_dsp_average_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input,
                                                 int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, output = mcugen_dsp_window_means_s16(params, window, first, output))
}
