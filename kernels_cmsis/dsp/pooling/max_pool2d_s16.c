/* Maximum of int16 over the window's part inside the input, two channels of a position in a word, written after their windows
 * have been read. */
#include "dsp/elementwise/halves.h"
#include "portable/pooling/pool_s16.h"

MCUGEN_KERNEL int16_t *mcugen_dsp_window_maxima_s16(const struct mcugen_pool_params *params,
                                                    struct mcugen_window window, const int16_t *first,
                                                    int16_t *output)
{
    const int32_t depth = params->input_c;
    int32_t c = 0;
    for (; c + 2 <= depth; c += 2) {
        uint32_t most = mcugen_pair(params->clamp_min, params->clamp_min);
        for (int32_t y = 0; y < window.rows; y++) {
            const int8_t *x = (const int8_t *)(first + y * params->input_w * depth + c);
#pragma GCC unroll 4
            for (int32_t i = 0; i < window.columns; i++) {
                most = mcugen_larger_halves(most, mcugen_load_word(x));
                x += 2 * depth;
            }
        }
        mcugen_store_word((int8_t *)output, mcugen_clamp_halves(most, INT16_MIN, params->clamp_max));
        output += 2;
    }
    return mcugen_window_maxima_s16(params, window, first, c, output);
}

MCUGEN_KERNEL void mcugen_dsp_max_pool2d_s16(const struct mcugen_pool_params *params, const int16_t *input,
                                             int16_t *output)
{
    MCUGEN_EACH_WINDOW_S16(params, input, output = mcugen_dsp_window_maxima_s16(params, window, first, output))
}
