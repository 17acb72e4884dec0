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

/* Long copies from aligned places to aligned places, some registers at a time: one instruction loads them, and one stores
 * them. The registers are named, since these instructions take them in order; none that a build may keep for itself. */
#if defined(__thumb__) && !defined(__ARM_FEATURE_MVE)
#if MCUGEN_SMALL_CORE
#define MCUGEN_COPY_TURN "ldmia %0!, {r3, r4, r5, r6}\n\tstmia %1!, {r3, r4, r5, r6}"
#define MCUGEN_COPY_REGISTERS "r3", "r4", "r5", "r6"
enum { MCUGEN_COPY_TURN_BYTES = 16, MCUGEN_LEAST_LONG_COPY = 48 };
#else
#define MCUGEN_COPY_STEP "ldmia %0!, {r3, r4, r5, r6, r8, r12}\n\tstmia %1!, {r3, r4, r5, r6, r8, r12}\n\t"
#define MCUGEN_COPY_STEPS MCUGEN_COPY_STEP MCUGEN_COPY_STEP MCUGEN_COPY_STEP MCUGEN_COPY_STEP
#define MCUGEN_COPY_TURN MCUGEN_COPY_STEPS MCUGEN_COPY_STEPS
#define MCUGEN_COPY_REGISTERS "r3", "r4", "r5", "r6", "r8", "r12"
enum { MCUGEN_COPY_TURN_BYTES = 192, MCUGEN_LEAST_LONG_COPY = 192 };
#endif
#endif

/* Copies whole turns upwards, as many as there are, and returns their bytes: 0 where the places are not aligned. */
MCUGEN_KERNEL int32_t mcugen_copy_turns(int8_t *target, const int8_t *source, int32_t bytes)
{
#ifdef MCUGEN_COPY_TURN
    if (bytes >= MCUGEN_LEAST_LONG_COPY && (((uintptr_t)target | (uintptr_t)source) & 3u) == 0u) {
        const int32_t whole = bytes - bytes % MCUGEN_COPY_TURN_BYTES;
        const int8_t *const end = target + whole;
        do {
            __asm__ volatile(MCUGEN_COPY_TURN : "+l"(source), "+l"(target) : : MCUGEN_COPY_REGISTERS, "memory");
        } while (target != end);
        return whole;
    }
#else
    (void)target;
    (void)source;
    (void)bytes;
#endif
    return 0;
}

/* Upwards, so source and target may overlap when the target starts lower. Returns the target's end. */
MCUGEN_KERNEL int8_t *mcugen_copy(int8_t *target, const int8_t *source, int32_t bytes)
{
    const int32_t word_bytes = mcugen_word_bytes(target, source, bytes);
    int32_t i = mcugen_copy_turns(target, source, bytes);
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
