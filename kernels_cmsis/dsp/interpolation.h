/* Functions of an int16 by interpolation: the bits of portable/interpolation.h. Two neighbouring entries are a word, and with
 * r = x & 127 one SMLAD gives (128 - r) * here + r * next, which is 128 * here + r * (next - here). */
#ifndef MCUGEN_DSP_INTERPOLATION_H
#define MCUGEN_DSP_INTERPOLATION_H

#include "dsp/intrinsics.h"

/* The entry of 0; a rest times `spread` and `one` is (128 - rest, rest). */
struct mcugen_dsp_lines {
    const int8_t *here;
    uint32_t spread, one;
    int32_t half;
};

MCUGEN_KERNEL struct mcugen_dsp_lines mcugen_dsp_lines(const int16_t *entries)
{
    struct mcugen_dsp_lines lines = {(const int8_t *)(entries + 256), 65535, 128, 64};
    MCUGEN_KEEP(lines.here);
    MCUGEN_KEEP(lines.spread);
    MCUGEN_KEEP(lines.one);
    MCUGEN_KEEP(lines.half);
    return lines;
}

/* x: an int16. */
MCUGEN_KERNEL int32_t mcugen_dsp_interpolate(int32_t x, const struct mcugen_dsp_lines *lines)
{
    const uint32_t shares = ((uint32_t)x & 127u) * lines->spread + lines->one;
    return mcugen_smlad(mcugen_load_word(lines->here + 2 * (x >> 7)), shares, lines->half) >> 7;
}

#endif
