/* Depthwise convolution, channel by channel, two output rows at a time in the fields of a word (instructions.h).
 *
 * Output rows are worked on in bands of 2 * pair_h: row i of the band is paired with row pair_h + i. For each channel the
 * band's inputs are gathered into a plane of words in scratch, borders of the input zero point included: the lower field
 * has the inputs of the band's first pair_h rows, the upper one those of the rows below. One SMLAL with a tap is a
 * multiply-accumulate for both. Where there is no row left below, what the upper field sums up is lost.
 *
 * All of a channel's inputs are in the plane before its outputs are written, so outputs may take the place of their own
 * channel's inputs. Scratch: plane_w * ((pair_h - 1) * stride_h + taps of a column) words.
 *
 * The stream holds for each output channel
 *   start       the bias, zero point folded in, times 256, plus the exponent less one
 *   multiplier
 *   taps        kernel_h * kernel_w bytes, filled up to whole words.
 */
#include "armv7m/instructions.h"

/* plane_w: columns of the plane; gathered_w: those that lie inside the input. */
struct mcugen_armv7m_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t pair_h, plane_w, gathered_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
};

enum { MCUGEN_DEPTHWISE_BITS = 23, MCUGEN_DEPTHWISE_POSITIONS = 3 };

/* What is the same for all outputs of a channel. */
struct mcugen_armv7m_channel {
    const int8_t *taps;
    int32_t start;
    struct mcugen_armv7m_scale scale;
};

MCUGEN_KERNEL int32_t mcugen_armv7m_plane_h(const struct mcugen_armv7m_depthwise_params *params)
{
    return (params->pair_h - 1) * params->stride_h + (params->kernel_h - 1) * params->dilation_h + 1;
}

#if MCUGEN_ARMV7M_ALL_REGISTERS
/* One kernel row of three taps: every word is loaded once and meets the taps of up to three positions.
 * MCUGEN_ARMV7M_ROW_<positions>_<stride>. */
#define MCUGEN_ARMV7M_TAPS                                        \
    "ldrsb %[tap0], [%[taps]], #1\n\t"                            \
    "ldrsb %[tap1], [%[taps]], #1\n\t"                            \
    "ldrsb %[tap2], [%[taps]], #1\n\t"
#define MCUGEN_ARMV7M_WORD(offset) "ldr %[word], [%[plane], #" offset "]\n\t"
#define MCUGEN_ARMV7M_MEET(sum, tap) "smlal %Q[" sum "], %R[" sum "], %[word], %[" tap "]\n\t"
#define MCUGEN_ARMV7M_NEXT_ROW "add %[plane], %[plane], %[step]\n\t"
#define MCUGEN_ARMV7M_ROW_2_1                                                                                  \
    MCUGEN_ARMV7M_TAPS                                                                                         \
    MCUGEN_ARMV7M_WORD("0") MCUGEN_ARMV7M_MEET("sum0", "tap0")                                                 \
    MCUGEN_ARMV7M_WORD("4") MCUGEN_ARMV7M_MEET("sum0", "tap1") MCUGEN_ARMV7M_MEET("sum1", "tap0")              \
    MCUGEN_ARMV7M_WORD("8") MCUGEN_ARMV7M_MEET("sum0", "tap2") MCUGEN_ARMV7M_MEET("sum1", "tap1")              \
    MCUGEN_ARMV7M_WORD("12") MCUGEN_ARMV7M_MEET("sum1", "tap2")                                                \
    MCUGEN_ARMV7M_NEXT_ROW
#define MCUGEN_ARMV7M_ROW_3_1                                                                                  \
    MCUGEN_ARMV7M_TAPS                                                                                         \
    MCUGEN_ARMV7M_WORD("0") MCUGEN_ARMV7M_MEET("sum0", "tap0")                                                 \
    MCUGEN_ARMV7M_WORD("4") MCUGEN_ARMV7M_MEET("sum0", "tap1") MCUGEN_ARMV7M_MEET("sum1", "tap0")              \
    MCUGEN_ARMV7M_WORD("8") MCUGEN_ARMV7M_MEET("sum0", "tap2") MCUGEN_ARMV7M_MEET("sum1", "tap1")              \
    MCUGEN_ARMV7M_MEET("sum2", "tap0")                                                                         \
    MCUGEN_ARMV7M_WORD("12") MCUGEN_ARMV7M_MEET("sum1", "tap2") MCUGEN_ARMV7M_MEET("sum2", "tap1")             \
    MCUGEN_ARMV7M_WORD("16") MCUGEN_ARMV7M_MEET("sum2", "tap2")                                                \
    MCUGEN_ARMV7M_NEXT_ROW
#define MCUGEN_ARMV7M_ROW_2_2                                                                                  \
    MCUGEN_ARMV7M_TAPS                                                                                         \
    MCUGEN_ARMV7M_WORD("0") MCUGEN_ARMV7M_MEET("sum0", "tap0")                                                 \
    MCUGEN_ARMV7M_WORD("4") MCUGEN_ARMV7M_MEET("sum0", "tap1")                                                 \
    MCUGEN_ARMV7M_WORD("8") MCUGEN_ARMV7M_MEET("sum0", "tap2") MCUGEN_ARMV7M_MEET("sum1", "tap0")              \
    MCUGEN_ARMV7M_WORD("12") MCUGEN_ARMV7M_MEET("sum1", "tap1")                                                \
    MCUGEN_ARMV7M_WORD("16") MCUGEN_ARMV7M_MEET("sum1", "tap2")                                                \
    MCUGEN_ARMV7M_NEXT_ROW
#define MCUGEN_ARMV7M_ROW_3_2                                                                                  \
    MCUGEN_ARMV7M_TAPS                                                                                         \
    MCUGEN_ARMV7M_WORD("0") MCUGEN_ARMV7M_MEET("sum0", "tap0")                                                 \
    MCUGEN_ARMV7M_WORD("4") MCUGEN_ARMV7M_MEET("sum0", "tap1")                                                 \
    MCUGEN_ARMV7M_WORD("8") MCUGEN_ARMV7M_MEET("sum0", "tap2") MCUGEN_ARMV7M_MEET("sum1", "tap0")              \
    MCUGEN_ARMV7M_WORD("12") MCUGEN_ARMV7M_MEET("sum1", "tap1")                                                \
    MCUGEN_ARMV7M_WORD("16") MCUGEN_ARMV7M_MEET("sum1", "tap2") MCUGEN_ARMV7M_MEET("sum2", "tap0")             \
    MCUGEN_ARMV7M_WORD("20") MCUGEN_ARMV7M_MEET("sum2", "tap1")                                                \
    MCUGEN_ARMV7M_WORD("24") MCUGEN_ARMV7M_MEET("sum2", "tap2")                                                \
    MCUGEN_ARMV7M_NEXT_ROW
#define MCUGEN_ARMV7M_ROWS(row, more)                                                                          \
    __asm__ volatile(row row row : MCUGEN_ARMV7M_OPERANDS more : [step] "rI"(step) : "memory")
#define MCUGEN_ARMV7M_THIRD_SUM , [sum2] "+r"(sums[2])
#define MCUGEN_ARMV7M_OPERANDS                                                                                 \
    [tap0] "=&r"(tap0), [tap1] "=&r"(tap1), [tap2] "=&r"(tap2), [word] "=&r"(word), [plane] "+r"(plane),       \
        [taps] "+r"(taps), [sum0] "+r"(sums[0]), [sum1] "+r"(sums[1])
#endif

/* All taps of a 3x3 kernel with stride 1 or 2 for `count` (2 or 3, a constant) neighbouring positions. Returns 0, with nothing
 * done, where that is left to the compiler. */
MCUGEN_KERNEL int mcugen_armv7m_depthwise_3x3(const struct mcugen_armv7m_depthwise_params *params,
                                              const mcugen_armv7m_word *plane, const int8_t *taps, int count,
                                              uint64_t sums[MCUGEN_DEPTHWISE_POSITIONS])
{
#if MCUGEN_ARMV7M_ALL_REGISTERS
    if (params->kernel_h == 3 && params->kernel_w == 3 && params->dilation_w == 1 && params->stride_w <= 2 && count > 1) {
        const int32_t step = 4 * params->dilation_h * params->plane_w;
        int32_t tap0, tap1, tap2;
        uint32_t word;
        if (count == 2 && params->stride_w == 1) {
            MCUGEN_ARMV7M_ROWS(MCUGEN_ARMV7M_ROW_2_1, );
        } else if (count == 2) {
            MCUGEN_ARMV7M_ROWS(MCUGEN_ARMV7M_ROW_2_2, );
        } else if (params->stride_w == 1) {
            MCUGEN_ARMV7M_ROWS(MCUGEN_ARMV7M_ROW_3_1, MCUGEN_ARMV7M_THIRD_SUM);
        } else {
            MCUGEN_ARMV7M_ROWS(MCUGEN_ARMV7M_ROW_3_2, MCUGEN_ARMV7M_THIRD_SUM);
        }
        return 1;
    }
#else
    (void)params, (void)plane, (void)taps, (void)count, (void)sums;
#endif
    return 0;
}

/* One kernel row of `count` (1 to 3, a constant) neighbouring positions. */
MCUGEN_KERNEL void mcugen_armv7m_depthwise_row(const struct mcugen_armv7m_depthwise_params *params,
                                               const mcugen_armv7m_word *plane, const int8_t *taps, int count,
                                               uint64_t sums[MCUGEN_DEPTHWISE_POSITIONS])
{
    if (params->kernel_w == 3 && params->dilation_w == 1 && params->stride_w <= 2) {
        /* Every word is loaded once and meets the taps of up to three positions. */
        const int32_t tap0 = taps[0], tap1 = taps[1], tap2 = taps[2];
#pragma GCC unroll 7
        for (int32_t i = 0; i < (count - 1) * params->stride_w + 3; i++) {
            const uint32_t word = plane[i];
#pragma GCC unroll 3
            for (int p = 0; p < count; p++) {
                const int32_t tap = i - p * params->stride_w;
                if (tap >= 0 && tap < 3) {
                    mcugen_multiply_fields(&sums[p], word, tap == 0 ? tap0 : tap == 1 ? tap1 : tap2);
                }
            }
        }
        return;
    }
#pragma GCC unroll 8
    for (int32_t i = 0; i < params->kernel_w; i++) {
        const int32_t tap = taps[i];
#pragma GCC unroll 3
        for (int p = 0; p < count; p++) {
            mcugen_multiply_fields(&sums[p], plane[p * params->stride_w], tap);
        }
        plane += params->dilation_w;
    }
}

/* `count` (1 to 3, a constant) neighbouring positions of two rows. `below`: bytes from an output to the one of its pair, 0
 * when there is none: then what the upper field sums up is overwritten at once. */
MCUGEN_KERNEL void mcugen_armv7m_depthwise_block(const struct mcugen_armv7m_depthwise_params *params,
                                                 const struct mcugen_armv7m_channel *channel,
                                                 const mcugen_armv7m_word *plane, int count, int8_t *output,
                                                 int32_t below, const struct mcugen_armv7m_output *out)
{
    uint64_t sums[MCUGEN_DEPTHWISE_POSITIONS];
    const int8_t *taps = channel->taps;
    int8_t *const paired = output + below;
#pragma GCC unroll 3
    for (int p = 0; p < count; p++) {
        sums[p] = mcugen_start_fields(channel->start, channel->start, MCUGEN_DEPTHWISE_BITS);
    }
    if (!mcugen_armv7m_depthwise_3x3(params, plane, taps, count, sums)) {
#pragma GCC unroll 3
        for (int32_t row = 0; row < params->kernel_h; row++) {
            mcugen_armv7m_depthwise_row(params, plane, taps, count, sums);
            plane += params->dilation_h * params->plane_w;
            taps += params->kernel_w;
        }
    }
#pragma GCC unroll 3
    for (int p = 0; p < count; p++) {
        int32_t low, high;
        mcugen_split_fields(sums[p], &low, &high, MCUGEN_DEPTHWISE_BITS);
        paired[p * params->output_c] = mcugen_armv7m_finish(high, &channel->scale, out);
        output[p * params->output_c] = mcugen_armv7m_finish(low, &channel->scale, out);
    }
}

/* One pair of output rows of one channel, in blocks of nearly the same size. */
MCUGEN_KERNEL void mcugen_armv7m_depthwise_rows(const struct mcugen_armv7m_depthwise_params *params,
                                                const struct mcugen_armv7m_channel *channel,
                                                const mcugen_armv7m_word *plane, int8_t *output, int32_t below,
                                                const struct mcugen_armv7m_output *out)
{
    const int32_t blocks = (params->output_w + MCUGEN_DEPTHWISE_POSITIONS - 1) / MCUGEN_DEPTHWISE_POSITIONS;
    const int32_t large = (params->output_w + blocks - 1) / blocks;
    /* So many blocks have one position less. */
    const int32_t small = blocks * large - params->output_w;
    for (int32_t i = 0; i < blocks - small; i++) {
        mcugen_armv7m_depthwise_block(params, channel, plane, (int)large, output, below, out);
        plane += large * params->stride_w;
        output += large * params->output_c;
    }
    for (int32_t i = 0; i < small; i++) {
        mcugen_armv7m_depthwise_block(params, channel, plane, (int)large - 1, output, below, out);
        plane += (large - 1) * params->stride_w;
        output += (large - 1) * params->output_c;
    }
}

/* One plane row of one channel. `low`, `high`: the inputs of the two fields, or null for rows outside. */
MCUGEN_KERNEL void mcugen_armv7m_gather_row(const struct mcugen_armv7m_depthwise_params *params,
                                            mcugen_armv7m_word *plane, const int8_t *low, const int8_t *high)
{
    const int32_t depth = params->input_c, zero = params->input_zero_point;
    if (low != NULL && high != NULL) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < params->gathered_w; i++) {
            plane[i] = mcugen_two_fields(low[i * depth], high[i * depth], MCUGEN_DEPTHWISE_BITS);
        }
    } else if (low != NULL) {
        for (int32_t i = 0; i < params->gathered_w; i++) {
            plane[i] = mcugen_two_fields(low[i * depth], zero, MCUGEN_DEPTHWISE_BITS);
        }
    } else if (high != NULL) {
        for (int32_t i = 0; i < params->gathered_w; i++) {
            plane[i] = mcugen_two_fields(zero, high[i * depth], MCUGEN_DEPTHWISE_BITS);
        }
    }
}

/* The plane of one channel for the band whose first taps are in input row `y`; `input` is the channel's first input. */
MCUGEN_KERNEL void mcugen_armv7m_gather_plane(const struct mcugen_armv7m_depthwise_params *params,
                                              mcugen_armv7m_word *plane, const int8_t *input, int32_t y)
{
    const int32_t row_bytes = params->input_w * params->input_c, rows = mcugen_armv7m_plane_h(params);
    const int32_t down = params->pair_h * params->stride_h;
    plane += params->pad_left;
    for (int32_t row = 0; row < rows; row++, y++) {
        const int8_t *low = y >= 0 && y < params->input_h ? input + y * row_bytes : NULL;
        const int8_t *high = y + down >= 0 && y + down < params->input_h ? input + (y + down) * row_bytes : NULL;
        mcugen_armv7m_gather_row(params, plane, low, high);
        plane += params->plane_w;
    }
}

/* One output channel of one band, from output row `first` on. */
MCUGEN_KERNEL void mcugen_armv7m_depthwise_channel(const struct mcugen_armv7m_depthwise_params *params,
                                                   const struct mcugen_armv7m_channel *channel,
                                                   const mcugen_armv7m_word *plane, int8_t *output, int32_t first,
                                                   const struct mcugen_armv7m_output *out)
{
    const int32_t row_bytes = params->output_w * params->output_c, below = params->pair_h * row_bytes;
    const int32_t left = params->output_h - first;
    const int32_t rows = left < params->pair_h ? left : params->pair_h;
    int32_t paired = left - params->pair_h < rows ? left - params->pair_h : rows;
    paired = paired < 0 ? 0 : paired;
#if defined(__OPTIMIZE_SIZE__)
    const int32_t apart = 0;
#else
    const int32_t apart = paired; /* Rows with a code of their own. */
#endif
    for (int32_t row = 0; row < apart; row++) {
        mcugen_armv7m_depthwise_rows(params, channel, plane, output, below, out);
        plane += params->stride_h * params->plane_w;
        output += row_bytes;
    }
    for (int32_t row = apart; row < rows; row++) {
        mcugen_armv7m_depthwise_rows(params, channel, plane, output, row < paired ? below : 0, out);
        plane += params->stride_h * params->plane_w;
        output += row_bytes;
    }
}

MCUGEN_KERNEL void mcugen_armv7m_depthwise_conv2d_s8(const struct mcugen_armv7m_depthwise_params *params,
                                                     const int8_t *input, const uint32_t *weights, int8_t *output,
                                                     void *scratch)
{
    const struct mcugen_armv7m_output out = {params->output_zero_point, params->clamp_min, params->clamp_max};
    const int32_t tap_words = (params->kernel_h * params->kernel_w + 3) / 4;
    const int32_t channel_multiplier = params->output_c / params->input_c;
    const uint32_t zeros =
        mcugen_two_fields(params->input_zero_point, params->input_zero_point, MCUGEN_DEPTHWISE_BITS);
    mcugen_armv7m_word *const plane = scratch;
    for (int32_t first = 0; first < params->output_h; first += 2 * params->pair_h) {
        const uint32_t *stream = weights;
        int8_t *band = output + first * params->output_w * params->output_c;
        /* Borders keep the zero point through all channels. */
        for (int32_t i = 0; i < mcugen_armv7m_plane_h(params) * params->plane_w; i++) {
            plane[i] = zeros;
        }
        for (int32_t c = 0; c < params->input_c; c++) {
            mcugen_armv7m_gather_plane(params, plane, input + c, first * params->stride_h - params->pad_top);
            for (int32_t i = 0; i < channel_multiplier; i++) {
                const struct mcugen_armv7m_channel channel = {
                    .taps = (const int8_t *)(stream + 2),
                    .start = (int32_t)stream[0] >> 8,
                    .scale = mcugen_armv7m_scale((int32_t)stream[1], stream[0], &out),
                };
                mcugen_armv7m_depthwise_channel(params, &channel, plane, band, first, &out);
                stream += 2 + tap_words;
                band++;
            }
        }
    }
}
