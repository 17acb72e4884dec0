/* A function of an int16 by interpolation: 513 entries, one for every 128th integer, and lines between them. */
#ifndef MCUGEN_PORTABLE_INTERPOLATION_H
#define MCUGEN_PORTABLE_INTERPOLATION_H

#include "mcugen_kernels.h"

/* The entry of 0 and the one behind it; `half` of what the products of a line are divided by. */
struct mcugen_lines {
    const int16_t *here, *next;
    int32_t half;
};

/* For a loop. */
MCUGEN_KERNEL struct mcugen_lines mcugen_lines(const int16_t *entries)
{
    struct mcugen_lines lines = {entries + 256, entries + 257, 64};
    MCUGEN_KEEP(lines.here);
    MCUGEN_KEEP(lines.next);
    MCUGEN_KEEP(lines.half);
    return lines;
}

/* x: an int16. */
MCUGEN_KERNEL int32_t mcugen_interpolate(int32_t x, const struct mcugen_lines *lines)
{
    const int32_t place = x >> 7, here = lines->here[place];
    return here + (((lines->next[place] - here) * (x & 127) + lines->half) >> 7);
}

#endif
