/* Limits every element of int16, two in a word; output may be the input. */
#include "dsp/elementwise/halves.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_dsp_clamp_s16(const struct mcugen_clamp_params *params, const int16_t *input,
                                        int16_t *output)
{
    const int8_t *from = (const int8_t *)input;
    int8_t *to = (int8_t *)output;
    for (int32_t eights = params->elements / 8; eights > 0; eights--) {
        MCUGEN_UNROLL(4)
        for (int32_t at = 0; at < 16; at += 4) {
            const uint32_t pair = mcugen_load_word(from + at);
            mcugen_store_word(to + at, mcugen_clamp_halves(pair, params->clamp_min, params->clamp_max));
        }
        from += 16;
        to += 16;
    }
    for (int32_t left = params->elements % 8; left > 0; left--) {
        const uint32_t element = mcugen_load_half(from);
        mcugen_store_half(to, mcugen_clamp_halves(element, params->clamp_min, params->clamp_max));
        from += 2;
        to += 2;
    }
}
