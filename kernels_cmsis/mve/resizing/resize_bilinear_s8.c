/* Bilinear interpolation: mcugen_resize_bilinear_s8 of the portable library, four channels at a time. */
#include "mve/elementwise/lanes.h"
#include "mve/copy.h"
#include "portable/resizing/resize_bilinear.h"

/* Sums with 22 fractional bits, or 11, rounded half away from zero: VRSHR rounds ties up, what is negative is one less
 * before. */
MCUGEN_KERNEL int32x4_t mcugen_mve_interpolated(int32x4_t sums, int plane)
{
    sums = vaddq_s32(sums, vshrq_n_s32(sums, 31));
    return plane ? vrshrq_n_s32(sums, 22) : vrshrq_n_s32(sums, 11);
}

/* Up to four channels between two inputs. */
MCUGEN_KERNEL int32x4_t mcugen_mve_between(const int8_t *first, const int8_t *second, int32_t fraction, int32_t lanes,
                                           int partly)
{
    const int32x4_t x = mcugen_mve_elements(first, 1, lanes, partly);
    const int32x4_t y = mcugen_mve_elements(second, 1, lanes, partly);
    return vmlaq_n_s32(vmulq_n_s32(x, MCUGEN_RESIZE_ONE - fraction), y, fraction);
}

/* All channels of a place between two inputs, `step` bytes apart. */
MCUGEN_KERNEL void mcugen_mve_resize_line(const int8_t *input, int32_t step, int32_t fraction, int8_t *output,
                                          int32_t channels)
{
    for (int32_t left = channels / 4; left > 0; left--) {
        vstrbq_s32(output, mcugen_mve_interpolated(mcugen_mve_between(input, input + step, fraction, 4, 0), 0));
        input += 4;
        output += 4;
    }
    if (channels % 4 != 0) {
        const int32x4_t sums = mcugen_mve_between(input, input + step, fraction, channels % 4, 1);
        mcugen_mve_results(output, mcugen_mve_interpolated(sums, 0), channels % 4, 1);
    }
}

/* Up to four channels between four inputs. */
MCUGEN_KERNEL int32x4_t mcugen_mve_between_four(const int8_t *top, const int8_t *bottom, int32_t next, int32_t right,
                                                int32_t below, int32_t lanes, int partly)
{
    const int32x4_t upper = mcugen_mve_between(top, top + next, right, lanes, partly);
    const int32x4_t lower = mcugen_mve_between(bottom, bottom + next, right, lanes, partly);
    return mcugen_mve_interpolated(
        vmlaq_n_s32(vmulq_n_s32(upper, MCUGEN_RESIZE_ONE - below), lower, below), 1);
}

/* All channels of a place between four inputs. */
MCUGEN_KERNEL void mcugen_mve_resize_plane(const int8_t *top, const int8_t *bottom, int32_t right, int32_t below,
                                           int8_t *output, int32_t channels)
{
    for (int32_t left = channels / 4; left > 0; left--) {
        vstrbq_s32(output, mcugen_mve_between_four(top, bottom, channels, right, below, 4, 0));
        top += 4;
        bottom += 4;
        output += 4;
    }
    if (channels % 4 != 0) {
        const int32x4_t result = mcugen_mve_between_four(top, bottom, channels, right, below, channels % 4, 1);
        mcugen_mve_results(output, result, channels % 4, 1);
    }
}

MCUGEN_KERNEL void mcugen_mve_resize_bilinear_s8(const struct mcugen_resize_bilinear_params *params,
                                                 const int8_t *input, const int16_t *rows, const int16_t *columns,
                                                 int8_t *output)
{
    const int32_t channels = params->channels, row_bytes = params->input_w * channels;
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t below = rows[2 * y + 1];
        const int8_t *const row = input + rows[2 * y] * row_bytes;
        for (int32_t x = 0; x < params->output_w; x++) {
            const int32_t right = columns[2 * x + 1];
            const int8_t *const top = row + columns[2 * x] * channels;
            /* Without a fraction there may be no second neighbour. */
            if (right > 0 && below > 0) {
                mcugen_mve_resize_plane(top, top + row_bytes, right, below, output, channels);
            } else if (right > 0) {
                mcugen_mve_resize_line(top, channels, right, output, channels);
            } else if (below > 0) {
                mcugen_mve_resize_line(top, row_bytes, below, output, channels);
            } else {
                mcugen_mve_copy(output, top, channels);
            }
            output += channels;
        }
    }
}
