/* Copying and filling bytes, a word at a time.
 *
 * memcpy of a C library made small copies byte by byte, and takes a call: rows of a few bytes are the common case here.
 */
#ifndef MCUGEN_PORTABLE_BYTES_H
#define MCUGEN_PORTABLE_BYTES_H

#include "mcugen_kernels.h"

/* Upwards, so source and target may overlap when the target starts lower. Returns the target's end. */
MCUGEN_KERNEL int8_t *mcugen_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    int32_t i = 0;
#pragma GCC unroll 4
    for (; i + 4 <= bytes; i += 4) {
        uint32_t word;
        memcpy(&word, source + i, sizeof word);
        memcpy(target + i, &word, sizeof word);
    }
    for (; i < bytes; i++) {
        target[i] = source[i];
    }
    return target + bytes;
}

/* Returns the target's end. */
MCUGEN_KERNEL int8_t *mcugen_fill(int8_t *target, int32_t value, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) {
        target[i] = (int8_t)value;
    }
    return target + bytes;
}

#endif
