/* The matrix product of gemm.h with int16 activations, and the way out of its sums. Zero points are 0, and sums have 32 bits,
 * which the packer has proven to be enough. */
#ifndef MCUGEN_MVE_GEMM_S16_H
#define MCUGEN_MVE_GEMM_S16_H

#include "mve/gemm.h"

/* How a sum becomes an output: two roundings, with `general` where a shift is above -1, or one: of the product with 2**16
 * times a multiplier of 15 bits. */
struct mcugen_mve_output_s16 {
    struct mcugen_mve_output limits;
    int32_t one_rounding;
};

/* form: as in portable/matrix_s16.h, of which there are 0, 1 and 2. */
MCUGEN_KERNEL struct mcugen_mve_output_s16 mcugen_mve_output_s16(int32_t lowest, int32_t highest, int32_t form)
{
    const struct mcugen_mve_output_s16 out = {{0, lowest, highest, form == 1}, form == 2};
    return out;
}

MCUGEN_KERNEL int32x4_t mcugen_mve_requantize_s16(int32x4_t x, int32x4_t multiplier, int32x4_t shift,
                                                  const struct mcugen_mve_output_s16 *out)
{
    if (out->one_rounding) {
        return mcugen_mve_clamp(vrshlq_s32(vmulhq_s32(x, multiplier), shift), &out->limits);
    }
    return mcugen_mve_requantize(x, multiplier, shift, &out->limits);
}

/* Requantizes and stores what the stream says next; `channels` is a constant. */
MCUGEN_KERNEL void mcugen_mve_store_s16(int32x4_t sums, const mcugen_mve_word *stream, int16_t *output, int channels,
                                        const struct mcugen_mve_output_s16 *out)
{
    const int32x4_t multiplier = vldrwq_s32((const int32_t *)stream);
    const int32x4_t shift = vldrwq_s32((const int32_t *)stream + 4);
    const int32x4_t result = mcugen_mve_requantize_s16(sums, multiplier, shift, out);
    if (channels == MCUGEN_MVE_CHANNELS) {
        vstrhq_s32(output, result);
    } else {
        vstrhq_p_s32(output, result, vctp32q((uint32_t)channels));
    }
}

/* One column times `channels` channels. */
MCUGEN_KERNEL void mcugen_mve_gemm_1_s16(const int8_t *x, const mcugen_mve_word *stream, int32_t chunks,
                                         int16_t *output, int32_t channels, const struct mcugen_mve_output_s16 *out)
{
    for (int32_t blocks = channels / 4; blocks > 0; blocks--) {
        const int32x4_t sums = mcugen_mve_sums_1(x, &stream, chunks, MCUGEN_MVE_INT16);
        mcugen_mve_store_s16(sums, stream, output, MCUGEN_MVE_CHANNELS, out);
        stream += 8;
        output += 4;
    }
    if (channels % 4 != 0) {
        const int32x4_t sums = mcugen_mve_sums(x, &stream, chunks, channels % 4, MCUGEN_MVE_INT16);
        mcugen_mve_store_s16(sums, stream, output, channels % 4, out);
    }
}

/* Two columns times `channels` channels; the second one's outputs lie `step` elements behind the first one's. */
MCUGEN_KERNEL void mcugen_mve_gemm_2_s16(const int8_t *x0, const int8_t *x1, const mcugen_mve_word *stream,
                                         int32_t chunks, int16_t *output, int32_t channels, int32_t step,
                                         const struct mcugen_mve_output_s16 *out)
{
    for (int32_t blocks = channels / 4; blocks > 0; blocks--) {
        int32x4_t first, second;
        mcugen_mve_sums_2(x0, x1, &stream, chunks, MCUGEN_MVE_INT16, &first, &second);
        mcugen_mve_store_s16(first, stream, output, MCUGEN_MVE_CHANNELS, out);
        mcugen_mve_store_s16(second, stream, output + step, MCUGEN_MVE_CHANNELS, out);
        stream += 8;
        output += 4;
    }
    if (channels % 4 != 0) {
        const mcugen_mve_word *again = stream;
        int32x4_t sums = mcugen_mve_sums(x0, &again, chunks, channels % 4, MCUGEN_MVE_INT16);
        mcugen_mve_store_s16(sums, again, output, channels % 4, out);
        sums = mcugen_mve_sums(x1, &stream, chunks, channels % 4, MCUGEN_MVE_INT16);
        mcugen_mve_store_s16(sums, stream, output + step, channels % 4, out);
    }
}

#endif
