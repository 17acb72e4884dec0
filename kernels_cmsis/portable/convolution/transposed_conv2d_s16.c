/* Transposed convolution of int16, one output position at a time: all taps that meet in it are added to the accumulators of
 * its channels, in scratch. The zero point is 0, so taps outside the input are left out. */
#include "portable/matrix_s16.h"

/* form: see mcugen_requantize_s16.h. */
struct mcugen_transposed_s16_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t groups;
    int32_t clamp_min, clamp_max;
    int32_t form;
};

/* The input place whose tap reaches `place` (that of the output, with padding), or -1. */
MCUGEN_KERNEL int32_t mcugen_reaching(int32_t place, int32_t stride, int32_t size)
{
    return place >= 0 && place % stride == 0 && place / stride < size ? place / stride : -1;
}

/* Adds the products of one input position and one tap; `weights` are the tap's of the first output channel. */
MCUGEN_KERNEL void mcugen_transposed_tap(const struct mcugen_transposed_s16_params *params, const int16_t *x,
                                         const int8_t *weights, void *sums)
{
    const int32_t depth = params->input_c / params->groups, channels = params->output_c / params->groups;
    const int32_t channel_weights = params->kernel_h * params->kernel_w * depth;
    int32_t *const narrow = sums;
    int64_t *const wide = sums;
    for (int32_t channel = 0; channel < params->output_c; channel++) {
        const int16_t *own = x + channel / channels * depth;
        if (params->form == MCUGEN_SUMS_OF_64_BITS) {
            int64_t sum = wide[channel];
            for (int32_t i = 0; i < depth; i++) {
                sum += own[i] * weights[i];
            }
            wide[channel] = sum;
        } else {
            int32_t sum = narrow[channel];
#pragma GCC unroll 4
            for (int32_t i = 0; i < depth; i++) {
                sum += own[i] * weights[i];
            }
            narrow[channel] = sum;
        }
        weights += channel_weights;
    }
}

MCUGEN_KERNEL void mcugen_transposed_conv2d_s16(const struct mcugen_transposed_s16_params *params,
                                                const int16_t *input, const int8_t *weights, const int32_t *bias,
                                                const int32_t *multiplier, const int8_t *shift, int16_t *output,
                                                void *scratch)
{
    const int32_t depth = params->input_c / params->groups;
    const int sums_64 = params->form == MCUGEN_SUMS_OF_64_BITS;
    int32_t *const narrow = scratch;
    int64_t *const wide = scratch;
    for (int32_t y = 0; y < params->output_h; y++) {
        for (int32_t x = 0; x < params->output_w; x++) {
            memcpy(scratch, bias, (size_t)params->output_c * (sums_64 ? 8u : 4u));
            for (int32_t row = 0; row < params->kernel_h; row++) {
                const int32_t from_y = mcugen_reaching(y + params->pad_top - row * params->dilation_h,
                                                       params->stride_h, params->input_h);
                for (int32_t tap = 0; from_y >= 0 && tap < params->kernel_w; tap++) {
                    const int32_t from_x = mcugen_reaching(x + params->pad_left - tap * params->dilation_w,
                                                           params->stride_w, params->input_w);
                    if (from_x >= 0) {
                        mcugen_transposed_tap(params, input + (from_y * params->input_w + from_x) * params->input_c,
                                              weights + (row * params->kernel_w + tap) * depth, scratch);
                    }
                }
            }
            for (int32_t channel = 0; channel < params->output_c; channel++) {
                const int64_t sum = sums_64 ? wide[channel] : narrow[channel];
                *output++ = mcugen_to_int16(sum, multiplier[channel], shift[channel], params->form, params->clamp_min,
                                            params->clamp_max);
            }
        }
    }
}
