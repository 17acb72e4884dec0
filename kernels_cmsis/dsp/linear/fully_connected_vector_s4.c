/* Fully connected with int4 weights for one row, which stays int8 where it is. No scratch. The weight stream is that of
 * nibbles.h with blocks of eight channels: two words for each two inputs, two words of shifts. */
#include "dsp/linear/fully_connected.h"
#include "dsp/nibbles.h"

/* Four inputs of `quartets` times four channels; `bytes` are the inputs. */
MCUGEN_KERNEL void mcugen_dsp_vector_nibbles_step(uint32_t bytes, const mcugen_word **weights, int quartets,
                                                  struct mcugen_dsp_quartet sums[2])
{
    const uint32_t x[2] = {mcugen_sxtb16(bytes), mcugen_sxtb16_odd(bytes)};
#pragma GCC unroll 2
    for (int odd = 0; odd < 2; odd++) {
#pragma GCC unroll 2
        for (int q = 0; q < quartets; q++) {
            mcugen_dsp_nibbles_accumulate(x[odd], *(*weights)++, &sums[q]);
        }
    }
}

/* The last 1 to 3 bytes of a row, with 0 above them. */
MCUGEN_KERNEL uint32_t mcugen_dsp_last_bytes(const int8_t *input, int32_t count)
{
    uint32_t bytes = 0;
    for (int32_t i = count - 1; i >= 0; i--) {
        bytes = bytes << 8 | (uint8_t)input[i];
    }
    return bytes;
}

/* 8 * sum(x) of a row. */
MCUGEN_KERNEL int32_t mcugen_dsp_vector_offset(const int8_t *input, int32_t depth)
{
    const uint32_t eights = UINT32_C(0x00080008);
    int32_t sum = 0;
    MCUGEN_UNROLL(4)
    for (int32_t quads = depth / 4; quads > 0; quads--) {
        const uint32_t bytes = mcugen_load_word(input);
        sum = mcugen_smlad(mcugen_sxtb16_odd(bytes), eights, mcugen_smlad(mcugen_sxtb16(bytes), eights, sum));
        input += 4;
    }
    const uint32_t rest = mcugen_dsp_last_bytes(input, depth % 4);
    return mcugen_smlad(mcugen_sxtb16_odd(rest), eights, mcugen_smlad(mcugen_sxtb16(rest), eights, sum));
}

/* `channels` (1 to 8; with `depth` and `out` constants in builds for speed) outputs; returns the stream's next block. */
MCUGEN_SHARED const mcugen_word *mcugen_dsp_vector_nibbles_block(const int8_t *input, int32_t depth, int32_t offset,
                                                                 const mcugen_word *stream, int8_t *output,
                                                                 int channels, const struct mcugen_dsp_output *out)
{
    struct mcugen_dsp_quartet sums[2] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    const int quartets = (channels + 3) / 4;
    int32_t quads = depth / 4;
#if MCUGEN_DSP_ALL_REGISTERS
    if (quartets == 2 && quads > 0) {
        mcugen_dsp_nibbles_assembly(input, quads, &stream, 1, sums);
        input += 4 * quads;
        quads = 0;
    }
#endif
    for (; quads > 0; quads--) {
        mcugen_dsp_vector_nibbles_step(mcugen_load_word(input), &stream, quartets, sums);
        input += 4;
    }
    if (depth % 4 != 0) {
        mcugen_dsp_vector_nibbles_step(mcugen_dsp_last_bytes(input, depth % 4), &stream, quartets, sums);
    }
    MCUGEN_UNROLL(8)
    for (int c = 0; c < channels; c++) {
        output[c] = mcugen_dsp_nibbles_output(stream, c, channels, &sums[c / 4], offset, out);
    }
    return stream + 2 * channels + quartets;
}

MCUGEN_KERNEL void mcugen_dsp_fully_connected_vector_s4(const struct mcugen_dsp_fully_connected_params *params,
                                                        const int8_t *input, const uint32_t *weights, int8_t *output)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization, 0};
    const int32_t offset = mcugen_dsp_vector_offset(input, params->input_c);
    const int8_t *blocks_end = output + (params->output_c & ~7);
    const mcugen_word *stream = weights;
    while (output != blocks_end) {
        stream = mcugen_dsp_vector_nibbles_block(input, params->input_c, offset, stream, output, 8, &out);
        output += 8;
    }
    if (params->output_c % 8 != 0) {
        (void)mcugen_dsp_vector_nibbles_block(input, params->input_c, offset, stream, output, params->output_c % 8,
                                              &out);
    }
}
