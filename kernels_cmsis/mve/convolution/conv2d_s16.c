/* Convolution of int16 with any kernel size: as conv2d_s8.c, with strips of int16. */
#include "mve/convolution/columns.h"
#include "mve/convolution/conv2d.h"
#include "mve/gemm_s16.h"

/* One group of channels of the positions of a block: `window`, `output` are the first one's. */
MCUGEN_KERNEL void mcugen_mve_conv2d_block_s16(const struct mcugen_mve_conv2d_params *params, const int8_t *window,
                                               int32_t positions, const mcugen_mve_word *weights, int16_t *output,
                                               const struct mcugen_mve_output_s16 *out)
{
    const int32_t column = 2 * params->kernel_h * (params->input_c / params->groups), step = params->stride_w * column;
    const int32_t chunks = (params->kernel_w * column + 15) / 16, channels = params->output_c / params->groups;
    for (int32_t pairs = positions / 2; pairs > 0; pairs--) {
        mcugen_mve_gemm_2_s16(window, window + step, weights, chunks, output, channels, params->output_c, out);
        window += 2 * step;
        output += 2 * params->output_c;
    }
    if (positions % 2 != 0) {
        mcugen_mve_gemm_1_s16(window, weights, chunks, output, channels, out);
    }
}

/* general_requantization: the form of mcugen_mve_output_s16. */
MCUGEN_KERNEL void mcugen_mve_conv2d_s16(const struct mcugen_mve_conv2d_params *params, const int16_t *input,
                                         const int32_t *weights, int16_t *output, void *scratch)
{
    const struct mcugen_mve_output_s16 out =
        mcugen_mve_output_s16(params->clamp_min, params->clamp_max, params->general_requantization);
    const int32_t depth = params->input_c / params->groups, channels = params->output_c / params->groups;
    const struct mcugen_mve_columns layout = {params->input_h,    params->input_w, 2 * params->input_c, params->groups,
                                              2 * depth,          params->kernel_h, params->dilation_h, 0};
    const int32_t chunks = (2 * params->kernel_w * params->kernel_h * depth + 15) / 16;
    const int32_t group_words = mcugen_mve_stream_words(channels, chunks, MCUGEN_MVE_INT16);
    for (int32_t y = 0; y < params->output_h; y++) {
        for (int32_t done = 0; done < params->output_w; done += params->block_w) {
            const int32_t left = params->output_w - done, now = left < params->block_w ? left : params->block_w;
            for (int32_t group = 0; group < params->groups; group++) {
                mcugen_mve_strip(&layout, scratch, (const int8_t *)(input + group * depth),
                                 y * params->stride_h - params->pad_top, done * params->stride_w - params->pad_left,
                                 (now - 1) * params->stride_w + params->kernel_w);
                mcugen_mve_conv2d_block_s16(params, scratch, now, weights + group * group_words,
                                            output + group * channels, &out);
            }
            output += now * params->output_c;
        }
    }
}
