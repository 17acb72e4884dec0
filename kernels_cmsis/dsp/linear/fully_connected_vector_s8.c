/* Fully connected for one row: a matrix times a vector, which stays int8 where it is. No scratch.
 * The weight stream is the one of a single column in gemm.h: blocks of four channels. */
#include "dsp/linear/fully_connected.h"
#include "dsp/gemm.h"

/* Four inputs of `channels` outputs. */
MCUGEN_KERNEL void mcugen_dsp_vector_step(const int8_t *input, const mcugen_word **weights, int channels,
                                          int32_t sum[MCUGEN_DSP_CHANNELS])
{
    const uint32_t bytes = mcugen_load_word(input);
    mcugen_dsp_dot_step(mcugen_sxtb16(bytes), mcugen_sxtb16_odd(bytes), weights, channels, sum);
}

/* `channels` (a constant) outputs; returns the stream's next block. */
MCUGEN_KERNEL const mcugen_word *mcugen_dsp_vector_block(const int8_t *input, int32_t depth, const mcugen_word *stream,
                                                         int8_t *output, int channels,
                                                         const struct mcugen_dsp_output *out)
{
    int32_t sum[MCUGEN_DSP_CHANNELS];
    const int8_t *groups_end = input + (depth & ~15);
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        sum[c] = (int32_t)stream[c];
    }
    stream += channels;
    while (input != groups_end) {
        mcugen_dsp_vector_step(input, &stream, channels, sum);
        mcugen_dsp_vector_step(input + 4, &stream, channels, sum);
        mcugen_dsp_vector_step(input + 8, &stream, channels, sum);
        mcugen_dsp_vector_step(input + 12, &stream, channels, sum);
        input += 16;
    }
    for (int i = 0; i < depth % 16 / 4; i++) {
        mcugen_dsp_vector_step(input, &stream, channels, sum);
        input += 4;
    }
    if (depth % 4 != 0) {
        uint32_t bytes = 0;
        memcpy(&bytes, input, (size_t)(depth % 4));
        mcugen_dsp_dot_step(mcugen_sxtb16(bytes), mcugen_sxtb16_odd(bytes), &stream, channels, sum);
    }
    const uint32_t shifts = stream[channels];
#pragma GCC unroll 4
    for (int c = 0; c < channels; c++) {
        output[c] = mcugen_dsp_requantize(sum[c], (int32_t)stream[c], shifts >> 8 * c & 0xffu, out);
    }
    return stream + channels + 1;
}

MCUGEN_KERNEL void mcugen_dsp_fully_connected_vector_s8(const struct mcugen_dsp_fully_connected_params *params,
                                                        const int8_t *input, const uint32_t *weights, int8_t *output)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization, 0};
    const int8_t *blocks_end = output + (params->output_c & ~3);
    const mcugen_word *stream = weights;
    while (output != blocks_end) {
        stream = mcugen_dsp_vector_block(input, params->input_c, stream, output, 4, &out);
        output += 4;
    }
    if (params->output_c % 4 != 0) {
        (void)mcugen_dsp_vector_block(input, params->input_c, stream, output, params->output_c % 4, &out);
    }
}
