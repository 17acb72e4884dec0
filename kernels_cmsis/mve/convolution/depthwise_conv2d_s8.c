/* Depthwise convolution of any kernel, stride and dilation: taps in lanes.
 *
 * For a group of channels the input rows that a step needs become a strip in scratch, in which each channel has the bytes of
 * four rows in one word, column after column, with borders of the input zero point. A vector gathered from four columns
 * is a patch of 4x4 inputs, and a sum over its 16 products with weights is one instruction (VMLADAV).
 *
 *   Kernels of at most 3x3 with stride 1: a step is two output rows. A patch gives 2x2 outputs of a channel, for which the
 *   taps are shifted by a row, a column or both: the weights of a channel lie behind zeros, so that a load from a few
 *   bytes before them is what is shifted.
 *   Others: a step is one output row, and an output is the sum of as many patches as cover the kernel.
 *
 * Of int4 weights a byte has two taps, the first of them in the high nibble; they become bytes in registers, where a
 * channel begins or, with more patches than one, where a patch does.
 *
 * A step's outputs are written after the strip of the next step has been made where `buffers` is 2: what they
 * overwrite of their own channels is not needed any more.
 */
#include "mve/convolution/strips.h"
#include "mve/requantize.h"

/* group: channels of a strip (4, 8 or 16); columns: of a strip; quads_h, quads_w: patches that cover the kernel;
 * patches: 1 for 2x2 outputs of a patch; general_requantization: 1 when a shift is above -1; weight_bits: 8 or 4. */
struct mcugen_mve_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t group, columns, quads_h, quads_w, patches, buffers;
    int32_t weight_bits;
};

enum { MCUGEN_MVE_BEHIND_ZEROS = 5, MCUGEN_MVE_BEHIND_ZEROS_S4 = 2, MCUGEN_MVE_NUMBERS = 3, MCUGEN_MVE_ALL_LANES = 0xffff };

/* What a step is for all its channels: loops over them keep it in registers. */
struct mcugen_mve_depthwise_step {
    struct mcugen_mve_output out;
    uint32x4_t places;
    struct mcugen_mve_spread words;
};

/* Sixteen taps of int4 in a vector of bytes. */
MCUGEN_KERNEL int8x16_t mcugen_mve_depthwise_nibbles(const int8_t *taps)
{
    const int16x8_t pairs = vldrbq_s16(taps);
    return vshrq_n_s8(vreinterpretq_s8_s16(vsliq_n_s16(pairs, pairs, 12)), 4);
}

/* The taps of a patch as they are, one row lower, one column to the right, and both. */
MCUGEN_KERNEL void mcugen_mve_depthwise_shifted(const int8_t *taps, int32_t weight_bits, int8x16_t shifted[4])
{
    if (weight_bits == 8) {
        shifted[0] = mcugen_mve_load_at(taps, MCUGEN_MVE_BEHIND_ZEROS);
        shifted[1] = mcugen_mve_load_at(taps, MCUGEN_MVE_BEHIND_ZEROS - 1);
        shifted[2] = mcugen_mve_load_at(taps, MCUGEN_MVE_BEHIND_ZEROS - 4);
        shifted[3] = mcugen_mve_load_at(taps, MCUGEN_MVE_BEHIND_ZEROS - 5);
        return;
    }
    /* The fourth row of each column is 0. */
#if MCUGEN_MVE_ALL_REGISTERS
    /* GCC keeps copies of what it makes itself. */
    __asm__("vldrb.s16 %q0, [%4, %5]\n\t"
            "vldrb.s16 %q2, [%4]\n\t"
            "vsli.16 %q0, %q0, #12\n\t"
            "vsli.16 %q2, %q2, #12\n\t"
            "vshr.s8 %q0, %q0, #4\n\t"
            "vshr.s8 %q2, %q2, #4\n\t"
            "vshl.i32 %q1, %q0, #8\n\t"
            "vshl.i32 %q3, %q2, #8"
            : "=&w"(shifted[0]), "=&w"(shifted[1]), "=&w"(shifted[2]), "=&w"(shifted[3])
            : "l"(taps), "i"(MCUGEN_MVE_BEHIND_ZEROS_S4), "m"(*(const int8_t(*)[10])taps));
#else
    shifted[0] = mcugen_mve_depthwise_nibbles(taps + MCUGEN_MVE_BEHIND_ZEROS_S4);
    shifted[1] = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(shifted[0]), 8));
    shifted[2] = mcugen_mve_depthwise_nibbles(taps);
    shifted[3] = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(shifted[2]), 8));
#endif
}

/* The next patch's sums of one channel, requantized and stored where `mask` says. numbers: bias, multiplier, shift. */
MCUGEN_KERNEL void mcugen_mve_depthwise_patch(const struct mcugen_mve_depthwise_step *step, int8x16_t patch,
                                              const int8x16_t weights[4], const int32_t numbers[3], int8_t *output,
                                              uint32_t mask)
{
    int32x4_t sums = mcugen_mve_lanes(vmladavq_s8(patch, weights[0]), vmladavq_s8(patch, weights[1]),
                                      vmladavq_s8(patch, weights[2]), vmladavq_s8(patch, weights[3]));
    sums = vaddq_n_s32(sums, numbers[0]);
    sums = mcugen_mve_requantize_n(sums, numbers[1], numbers[2], &step->out);
    mcugen_mve_scatter(output, step->places, sums, mask);
}

/* Two rows (or the first of them, where `rows` is 1) of one channel's outputs, 2x2 at a time. `strip`: its first word. */
MCUGEN_KERNEL void mcugen_mve_depthwise_patches(const struct mcugen_mve_depthwise_params *params,
                                                const struct mcugen_mve_depthwise_step *step, const int8_t *taps,
                                                const int32_t *channel, const int8_t *strip, int8_t *output, int rows)
{
    const int32_t two_columns = 8 * params->group;
    /* The first lane of each column of outputs. */
    const uint32_t mask = rows == 2 ? MCUGEN_MVE_ALL_LANES : 0x0f0f;
    int8x16_t weights[4];
    mcugen_mve_depthwise_shifted(taps, params->weight_bits, weights);
    const int32_t numbers[3] = {channel[0], channel[1], channel[2]};
    struct mcugen_mve_gathered at = mcugen_mve_gathered_start(strip - two_columns, step->words);
    for (int32_t left = params->output_w / 2; left > 0; left--) {
        const int8x16_t patch = mcugen_mve_gathered_next(&at, two_columns);
        mcugen_mve_depthwise_patch(step, patch, weights, numbers, output, mask);
        output += 2 * params->output_c;
    }
    if (params->output_w % 2 != 0) {
        const int8x16_t patch = mcugen_mve_gathered_next(&at, two_columns);
        mcugen_mve_depthwise_patch(step, patch, weights, numbers, output, mask & 0xff);
    }
}

/* One row of one channel's outputs, four at a time. */
MCUGEN_KERNEL void mcugen_mve_depthwise_row(const struct mcugen_mve_depthwise_params *params,
                                            const struct mcugen_mve_depthwise_step *step, const int8_t *taps,
                                            const int32_t *channel, const int8_t *strip, int8_t *output)
{
    const int32_t column = 4 * params->group, next = params->stride_w * column;
    const int32_t numbers[3] = {channel[0], channel[1], channel[2]};
    const int single = params->quads_h == 1 && params->quads_w == 1;
    const int packed = params->weight_bits == 4;
    const int8x16_t only = packed ? mcugen_mve_depthwise_nibbles(taps) : vldrbq_s8(taps);
    struct mcugen_mve_gathered at = mcugen_mve_gathered_start(strip, step->words);
    for (int32_t left = params->output_w; left > 0; left -= 4) {
        const int8_t *weights = taps;
        int32_t sum[4] = {0, 0, 0, 0};
#pragma GCC unroll 4
        for (int32_t quad_h = 0; quad_h < params->quads_h; quad_h++) {
#pragma GCC unroll 4
            for (int32_t quad_w = 0; quad_w < params->quads_w; quad_w++) {
                const int8x16_t lanes = single   ? only
                                        : packed ? mcugen_mve_depthwise_nibbles(weights)
                                                 : vldrbq_s8(weights);
                const int32_t beyond = (quad_h * params->columns + 4 * quad_w * params->dilation_w) * column;
                const struct mcugen_mve_gathered first = beyond != 0 ? mcugen_mve_gathered_plus(at, beyond) : at;
#pragma GCC unroll 4
                for (int i = 0; i < 4; i++) {
                    const int near = 3 * next <= MCUGEN_MVE_FARTHEST;
                    const struct mcugen_mve_gathered from = near ? first : mcugen_mve_gathered_plus(first, i * next);
                    const int8x16_t patch = mcugen_mve_gathered_at(&from, near ? i * next : 0);
                    sum[i] = single ? vmladavq_s8(patch, lanes) : vmladavaq_s8(sum[i], patch, lanes);
                }
                weights += 2 * params->weight_bits;
            }
        }
        int32x4_t sums = vaddq_n_s32(mcugen_mve_lanes(sum[0], sum[1], sum[2], sum[3]), numbers[0]);
        sums = mcugen_mve_requantize_n(sums, numbers[1], numbers[2], &step->out);
        if (left < 4) {
            mcugen_mve_scatter(output, step->places, sums, (1u << (4 * (params->output_w % 4))) - 1u);
        } else {
            mcugen_mve_scatter(output, step->places, sums, MCUGEN_MVE_ALL_LANES);
        }
        at = mcugen_mve_gathered_plus(at, 4 * next);
        output += 4 * params->output_c;
    }
}

/* The strip of the step whose first output row is `y`, for `channels` input channels from `input` on. */
MCUGEN_KERNEL void mcugen_mve_depthwise_strip(const struct mcugen_mve_depthwise_params *params, int8_t *strip,
                                              const int8_t *border, const int8_t *input, int32_t y, int32_t channels)
{
    const int32_t rows = params->patches ? params->kernel_h + 1 : params->kernel_h;
    const int32_t top = y * params->stride_h - params->pad_top;
    for (int32_t quad = 0; quad < params->quads_h; quad++) {
        struct mcugen_mve_rows four;
#pragma GCC unroll 4
        for (int32_t i = 0; i < 4; i++) {
            const int32_t tap = 4 * quad + i, at = top + tap * params->dilation_h;
            const int inside = tap < rows && at >= 0 && at < params->input_h;
            four.row[i] = inside ? input + at * params->input_w * params->input_c : border;
            four.step[i] = inside ? params->input_c : 0;
        }
        mcugen_mve_interleave(&four, strip + quad * params->columns * 4 * params->group, params->pad_left,
                              params->input_w, params->columns, params->group, channels,
                              params->input_c % 16 != 0 || params->group != 16, params->input_zero_point);
    }
}

MCUGEN_KERNEL void mcugen_mve_depthwise_conv2d_s8(const struct mcugen_mve_depthwise_params *params,
                                                  const int8_t *input, const int8_t *weights, const int32_t *channels,
                                                  int8_t *output, void *scratch)
{
    const uint32_t beside = (uint32_t)params->output_c, below = beside * (uint32_t)params->output_w;
    const uint32_t places[2][4] = {{0, beside, 2 * beside, 3 * beside}, {0, below, beside, below + beside}};
    const struct mcugen_mve_depthwise_step step = {
        {params->output_zero_point, params->clamp_min, params->clamp_max, params->general_requantization},
        vldrwq_u32(places[params->patches]),
        mcugen_mve_spread(4 * params->group * params->dilation_w)};
    const int32_t rows = params->patches ? 2 : 1, multiplier = params->output_c / params->input_c;
    const int32_t strip_bytes = params->quads_h * params->columns * 4 * params->group + 64 - 4 * params->group;
    const int32_t patch_bytes = 2 * params->weight_bits * (params->patches ? 1 : params->quads_h * params->quads_w);
    int8_t *const border = scratch;
    int8_t *strip = border + 16, *next = params->buffers == 2 ? strip + strip_bytes : strip;
    mcugen_mve_fill(border, params->input_zero_point, 16);
    for (int32_t first = 0; first < params->input_c; first += params->group) {
        const int32_t left = params->input_c - first, count = left < params->group ? left : params->group;
        /* With two buffers the strip of the first step is made in a turn of its own. */
        for (int32_t y = params->buffers == 2 ? -rows : 0; y < params->output_h; y += rows) {
            const int32_t made = params->buffers == 2 ? y + rows : y;
            if (made < params->output_h) {
                mcugen_mve_depthwise_strip(params, next, border, input + first, made, count);
            }
            int8_t *const ready = params->buffers == 2 ? strip : next;
            strip = next;
            next = ready;
            if (y < 0) {
                continue;
            }
            const int8_t *taps = weights + first * multiplier * patch_bytes;
            const int32_t *numbers = channels + first * multiplier * MCUGEN_MVE_NUMBERS;
            int8_t *target = output + y * params->output_w * params->output_c + first * multiplier;
            for (int32_t c = 0; c < count * multiplier; c++) {
                const int8_t *const words = ready + 4 * (multiplier == 1 ? c : c / multiplier);
                if (!params->patches) {
                    mcugen_mve_depthwise_row(params, &step, taps, numbers, words, target);
                } else if (params->output_h % 2 != 0 && y + 1 == params->output_h) {
                    mcugen_mve_depthwise_patches(params, &step, taps, numbers, words, target, 1);
                } else {
                    mcugen_mve_depthwise_patches(params, &step, taps, numbers, words, target, 2);
                }
                taps += patch_bytes;
                numbers += MCUGEN_MVE_NUMBERS;
                target++;
            }
        }
    }
}
