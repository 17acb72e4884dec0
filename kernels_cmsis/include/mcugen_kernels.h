/* What all kernels share. Each declares the struct of its own parameters, beside itself.
 *
 * Images are NHWC, one at a time. Numbers follow the LiteRT 8-bit specification: real = scale * (integer - zero_point).
 */
#ifndef MCUGEN_KERNELS_H
#define MCUGEN_KERNELS_H

#include <stdint.h>
#include <string.h>

/* Kernels are inlined into one function for each distinct set of constant parameters. */
#define MCUGEN_KERNEL static inline __attribute__((always_inline, unused))

/* A function that is inlined for speed. In builds for size (-Os) there is one of it for all calls. */
#if !defined(__OPTIMIZE_SIZE__)
#define MCUGEN_SHARED MCUGEN_KERNEL
#elif defined(__clang__)
#define MCUGEN_SHARED static __attribute__((noinline, unused))
#else
#define MCUGEN_SHARED static __attribute__((noinline, noclone, unused))
#endif

/* Unrolls the loop that follows; not in builds for size. */
#define MCUGEN_PRAGMA(text) _Pragma(#text)
#if defined(__OPTIMIZE_SIZE__)
#define MCUGEN_UNROLL(count) MCUGEN_PRAGMA(GCC unroll 1)
#else
#define MCUGEN_UNROLL(count) MCUGEN_PRAGMA(GCC unroll count)
#endif

/* A number or address that a loop keeps in a register, though it is a constant or a sum with one: compilers would make it anew
 * at each use. */
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define MCUGEN_KEEP(variable) __asm__("" : "+r"(variable))
#else
#define MCUGEN_KEEP(variable) (void)(variable)
#endif

/* Thumb-1 (Cortex-M0, M0+): eight registers for arithmetic, no long multiply. */
#ifndef MCUGEN_SMALL_CORE
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
#define MCUGEN_SMALL_CORE 1
#else
#define MCUGEN_SMALL_CORE 0
#endif
#endif

#endif
