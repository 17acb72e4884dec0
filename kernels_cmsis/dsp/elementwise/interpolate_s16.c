/* Any function of one int16, by interpolation: the bits of portable/interpolation.h. Two neighbouring entries are a word, and
 * with r = x & 127 one SMLAD gives (128 - r) * here + r * next, which is 128 * here + r * (next - here). Output may be the
 * input. */
#include "dsp/intrinsics.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL int32_t mcugen_dsp_interpolate(int32_t x, const int8_t *entries)
{
    const uint32_t rest = (uint32_t)x & 127u;
    /* (128 - rest, rest) */
    const uint32_t shares = rest * 65535u + 128u;
    return mcugen_smlad(mcugen_load_word(entries + 2 * (256 + (x >> 7))), shares, 64) >> 7;
}

MCUGEN_KERNEL void mcugen_dsp_interpolate_s16(const struct mcugen_lookup_params *params, const int16_t *input,
                                              const int16_t *entries, int16_t *output)
{
    const int8_t *const words = (const int8_t *)entries;
    for (int32_t fours = params->elements / 4; fours > 0; fours--) {
        MCUGEN_UNROLL(4)
        for (int32_t i = 0; i < 4; i++) {
            output[i] = (int16_t)mcugen_dsp_interpolate(input[i], words);
        }
        input += 4;
        output += 4;
    }
    for (int32_t left = params->elements % 4; left > 0; left--) {
        *output++ = (int16_t)mcugen_dsp_interpolate(*input++, words);
    }
}
