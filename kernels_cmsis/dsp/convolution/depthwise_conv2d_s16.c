/* Depthwise convolution of int16 with an even number of channels and as many outputs, two channels and up to three
 * neighbouring positions at a time, on a band of input rows in scratch.
 *
 * The stream holds for each two channels  bias[2], multiplier[2], shifts (a byte each), then a word of weights a tap: the
 * first channel's in the low half. A row of outputs is written after all its input rows are in the band.
 */
#include "dsp/requantize.h"
#include "portable/convolution/band.h"

/* Positions at a time, and words of the stream before the weights. */
enum { MCUGEN_DSP_POSITIONS = 3, MCUGEN_DSP_DEPTHWISE_HEAD = 5 };

/* Two channels of `count` (a constant) positions, `pairs` words apart in the output. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_pair_s16(const struct mcugen_depthwise_params *params, const uint32_t *stream,
                                             const mcugen_word *band, int32_t count, int8_t *output)
{
    const int32_t pairs = params->input_c / 4, line_words = params->dilation_h * params->band_w * pairs;
    const uint32_t *taps = stream + MCUGEN_DSP_DEPTHWISE_HEAD;
    int32_t low[MCUGEN_DSP_POSITIONS], high[MCUGEN_DSP_POSITIONS];
    MCUGEN_UNROLL(3)
    for (int32_t p = 0; p < count; p++) {
        low[p] = (int32_t)stream[0];
        high[p] = (int32_t)stream[1];
    }
    MCUGEN_UNROLL(3)
    for (int32_t row = 0; row < params->kernel_h; row++) {
        MCUGEN_UNROLL(5)
        for (int32_t tap = 0; tap < params->kernel_w; tap++) {
            const uint32_t weights = *taps++;
            MCUGEN_UNROLL(3)
            for (int32_t p = 0; p < count; p++) {
                const uint32_t x = band[(tap * params->dilation_w + p * params->stride_w) * pairs];
                low[p] = mcugen_smlabb(x, weights, low[p]);
                high[p] = mcugen_smlatt(x, weights, high[p]);
            }
        }
        band += line_words;
    }
    const int32_t multiplier0 = (int32_t)stream[2], multiplier1 = (int32_t)stream[3];
    const int32_t shift0 = (int8_t)(uint8_t)(stream[4] & 0xffu), shift1 = (int8_t)(uint8_t)(stream[4] >> 8 & 0xffu);
    MCUGEN_UNROLL(3)
    for (int32_t p = 0; p < count; p++) {
        const int16_t first = mcugen_to_int16(low[p], multiplier0, shift0, params->general_requantization,
                                              params->clamp_min, params->clamp_max);
        const int16_t second = mcugen_to_int16(high[p], multiplier1, shift1, params->general_requantization,
                                               params->clamp_min, params->clamp_max);
        mcugen_store_word(output + p * params->input_c,
                          mcugen_pack_low_low((uint32_t)(int32_t)first, (uint32_t)(int32_t)second));
    }
}

/* One row of outputs. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_row_s16(const struct mcugen_depthwise_params *params, const uint32_t *stream,
                                            const mcugen_word *band, int8_t *output)
{
    const int32_t pairs = params->input_c / 4, rest = params->output_w % MCUGEN_DSP_POSITIONS;
    for (int32_t pair = 0; pair < pairs; pair++) {
        const mcugen_word *x = band + pair;
        int8_t *y = output + 4 * pair;
        for (int32_t left = params->output_w; left >= MCUGEN_DSP_POSITIONS; left -= MCUGEN_DSP_POSITIONS) {
            mcugen_dsp_depthwise_pair_s16(params, stream, x, MCUGEN_DSP_POSITIONS, y);
            x += MCUGEN_DSP_POSITIONS * params->stride_w * pairs;
            y += MCUGEN_DSP_POSITIONS * params->input_c;
        }
        if (rest == 1) {
            mcugen_dsp_depthwise_pair_s16(params, stream, x, 1, y);
        } else if (rest == 2) {
            mcugen_dsp_depthwise_pair_s16(params, stream, x, 2, y);
        }
        stream += MCUGEN_DSP_DEPTHWISE_HEAD + params->kernel_h * params->kernel_w;
    }
}

/* input_c: bytes of a position; general_requantization: a form of mcugen_requantize_s16.h. */
MCUGEN_KERNEL void mcugen_dsp_depthwise_conv2d_s16(const struct mcugen_depthwise_params *params, const int16_t *input,
                                                   const uint32_t *stream, int16_t *output, void *scratch)
{
    const int32_t band_bytes = params->band_w * params->input_c;
    const int32_t kept = params->band_h > params->stride_h ? params->band_h - params->stride_h : 0;
    int8_t *const band = scratch, *results = (int8_t *)output;
    /* Borders left and right stay 0 from here on. */
    (void)mcugen_fill(band, 0, params->band_h * band_bytes);
    int32_t y = -params->pad_top, from = 0;
    for (int32_t out_y = 0; out_y < params->output_h; out_y++) {
        mcugen_gather_band(params, band, (const int8_t *)input, from, y + from);
        mcugen_dsp_depthwise_row_s16(params, stream, scratch, results);
        results += params->output_w * params->input_c;
        (void)mcugen_copy(band, band + params->stride_h * band_bytes, kept * band_bytes);
        from = kept;
        y += params->stride_h;
    }
}
