/* Bilinear interpolation of int16: the four nearest inputs, weighted with fractions of 11 bits, rounded once. */
#include "mcugen_kernels.h"
#include "portable/resizing/resize_bilinear.h"

/* sum / 2**22 to nearest, ties away from zero. */
MCUGEN_KERNEL int16_t mcugen_resize_rounded(int64_t sum)
{
    return (int16_t)((sum + (INT64_C(1) << 21) - (sum < 0)) >> 22);
}

/* rows, columns: for each place of the output the first of two neighbouring inputs, and how far from it to the second,
 * in 2048ths. */
MCUGEN_KERNEL void mcugen_resize_bilinear_s16(const struct mcugen_resize_bilinear_params *params, const int16_t *input,
                                              const int16_t *rows, const int16_t *columns, int16_t *output)
{
    const int32_t row_elements = params->input_w * params->channels;
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t below = rows[2 * y + 1], above = MCUGEN_RESIZE_ONE - below;
        const int16_t *const row = input + rows[2 * y] * row_elements;
        /* Without a fraction there may be no second neighbour. */
        const int32_t down = below > 0 ? row_elements : 0;
        for (int32_t x = 0; x < params->output_w; x++) {
            const int32_t right = columns[2 * x + 1], left = MCUGEN_RESIZE_ONE - right;
            const int16_t *top = row + columns[2 * x] * params->channels, *bottom = top + down;
            const int32_t next = right > 0 ? params->channels : 0;
            for (int32_t channel = 0; channel < params->channels; channel++, top++, bottom++) {
                const int32_t upper = left * top[0] + right * top[next];
                const int32_t lower = left * bottom[0] + right * bottom[next];
                *output++ = mcugen_resize_rounded((int64_t)above * upper + (int64_t)below * lower);
            }
        }
    }
}
