/* Copying and filling bytes, a word at a time; with Helium, sixteen bytes.
 *
 * memcpy of a C library made small copies byte by byte, and takes a call: rows of a few bytes are the common case here.
 */
#ifndef MCUGEN_PORTABLE_BYTES_H
#define MCUGEN_PORTABLE_BYTES_H

#include "mcugen_kernels.h"

#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
#include <arm_mve.h>
#endif

/* Keeps the compiler from turning a copying loop into a call of memmove. */
#define MCUGEN_KEEP_LOOP() __asm__ volatile("" ::: "memory")

/* The bytes that can be copied as whole words. Small cores load and store aligned words only. */
MCUGEN_KERNEL int32_t mcugen_word_bytes(const int8_t *target, const int8_t *source, int32_t bytes)
{
    if (MCUGEN_SMALL_CORE && (((uintptr_t)target | (uintptr_t)source) & 3u) != 0u) {
        return 0;
    }
    return bytes & ~3;
}

/* Clang wants a constant expression of the language, which a const variable is not. */
enum { MCUGEN_WORD_ALIGNMENT = MCUGEN_SMALL_CORE ? 4 : 1 };

MCUGEN_KERNEL void mcugen_copy_word(int8_t *target, const int8_t *source)
{
    uint32_t word;
    memcpy(&word, __builtin_assume_aligned(source, MCUGEN_WORD_ALIGNMENT), sizeof word);
    memcpy(__builtin_assume_aligned(target, MCUGEN_WORD_ALIGNMENT), &word, sizeof word);
}

/* Upwards, so source and target may overlap when the target starts lower. Returns the target's end. */
MCUGEN_KERNEL int8_t *mcugen_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    const int32_t word_bytes = mcugen_word_bytes(target, source, bytes);
    int32_t i = 0;
#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
    for (; i + 16 <= bytes; i += 16) {
        vstrbq_s8(target + i, vldrbq_s8(source + i));
    }
#endif
#pragma GCC unroll 4
    for (; i < word_bytes; i += 4) {
        mcugen_copy_word(target + i, source + i);
        MCUGEN_KEEP_LOOP();
    }
    for (; i < bytes; i++) {
        target[i] = source[i];
        MCUGEN_KEEP_LOOP();
    }
    return target + bytes;
}

/* Returns the target's end. */
MCUGEN_KERNEL int8_t *mcugen_fill(int8_t *target, int32_t value, int32_t bytes)
{
    int32_t i = 0;
#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
    for (; i + 16 <= bytes; i += 16) {
        vstrbq_s8(target + i, vdupq_n_s8((int8_t)value));
    }
#endif
    for (; i < bytes; i++) {
        target[i] = (int8_t)value;
    }
    return target + bytes;
}

#endif
