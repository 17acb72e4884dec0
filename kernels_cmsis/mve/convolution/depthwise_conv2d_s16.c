/* Depthwise convolution of int16, channel multiplier 1: eight channels in the lanes of a vector, products of even and odd ones
 * in two vectors of sums. Taps outside the image are left out: the zero point is 0.
 *
 * weights: the channels of each tap in turn; numbers: for each eight channels bias, multiplier and shift, four of the even ones
 * and four of the odd ones each. */
#include "mve/gemm_s16.h"

struct mcugen_mve_depthwise_s16_params {
    int32_t input_h, input_w, channels;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t clamp_min, clamp_max;
    int32_t form;
};

enum { MCUGEN_MVE_DEPTHWISE_LANES = 8, MCUGEN_MVE_DEPTHWISE_NUMBERS = 24 };

/* The taps [first, end) of `taps` that are inside an image of `size`, from `at` on. */
struct mcugen_mve_inside {
    int32_t first, end;
};

MCUGEN_KERNEL struct mcugen_mve_inside mcugen_mve_taps_inside(int32_t at, int32_t taps, int32_t dilation, int32_t size)
{
    struct mcugen_mve_inside inside = {0, taps};
    while (inside.first < taps && at + inside.first * dilation < 0) {
        inside.first++;
    }
    while (inside.end > inside.first && at + (inside.end - 1) * dilation >= size) {
        inside.end--;
    }
    return inside;
}

/* Eight channels (or those of `active`) of the position whose first tap is at `x`; `weights`: of its first tap. */
MCUGEN_KERNEL void mcugen_mve_depthwise_position_s16(const struct mcugen_mve_depthwise_s16_params *params,
                                                     const int16_t *x, struct mcugen_mve_inside rows,
                                                     struct mcugen_mve_inside columns, const int8_t *weights,
                                                     const int32_t *numbers, int16_t *output, mve_pred16_t active,
                                                     const struct mcugen_mve_output_s16 *out)
{
    const int32_t row_step = params->dilation_h * params->input_w * params->channels;
    const int32_t column_step = params->dilation_w * params->channels;
    int32x4_t even = vldrwq_s32(numbers), odd = vldrwq_s32(numbers + 4);
    for (int32_t row = rows.first; row < rows.end; row++) {
        const int16_t *from = x + row * row_step + columns.first * column_step;
        const int8_t *taps = weights + (row * params->kernel_w + columns.first) * params->channels;
        for (int32_t left = columns.end - columns.first; left > 0; left--) {
            const int16x8_t inputs = vldrhq_z_s16(from, active), factors = vldrbq_z_s16(taps, active);
            even = vaddq_s32(even, vmullbq_int_s16(inputs, factors));
            odd = vaddq_s32(odd, vmulltq_int_s16(inputs, factors));
            from += column_step;
            taps += params->channels;
        }
    }
    even = mcugen_mve_requantize_s16(even, vldrwq_s32(numbers + 8), vldrwq_s32(numbers + 16), out);
    odd = mcugen_mve_requantize_s16(odd, vldrwq_s32(numbers + 12), vldrwq_s32(numbers + 20), out);
    vstrhq_p_s16(output, vmovntq_s32(vreinterpretq_s16_s32(even), odd), active);
}

MCUGEN_KERNEL void mcugen_mve_depthwise_conv2d_s16(const struct mcugen_mve_depthwise_s16_params *params,
                                                   const int16_t *input, const int8_t *weights, const int32_t *numbers,
                                                   int16_t *output)
{
    const struct mcugen_mve_output_s16 out =
        mcugen_mve_output_s16(params->clamp_min, params->clamp_max, params->form);
    for (int32_t y = 0; y < params->output_h; y++) {
        const int32_t top = y * params->stride_h - params->pad_top;
        const struct mcugen_mve_inside rows =
            mcugen_mve_taps_inside(top, params->kernel_h, params->dilation_h, params->input_h);
        for (int32_t x = 0; x < params->output_w; x++) {
            const int32_t left = x * params->stride_w - params->pad_left;
            const struct mcugen_mve_inside columns =
                mcugen_mve_taps_inside(left, params->kernel_w, params->dilation_w, params->input_w);
            const int32_t first = (top * params->input_w + left) * params->channels;
            const int32_t *own = numbers;
            for (int32_t c = 0; c < params->channels; c += MCUGEN_MVE_DEPTHWISE_LANES) {
                mcugen_mve_depthwise_position_s16(params, input + first + c, rows, columns, weights + c, own,
                                                  output + c, vctp16q((uint32_t)(params->channels - c)), &out);
                own += MCUGEN_MVE_DEPTHWISE_NUMBERS;
            }
            output += params->channels;
        }
    }
}
