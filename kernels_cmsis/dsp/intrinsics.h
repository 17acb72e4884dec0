/* The DSP instructions that the kernels of this folder use (Armv7E-M, Armv8-M with the DSP extension).
 *
 * Without the extension every function has a plain C form with the same bits, so that the same kernels run, and are
 * tested under sanitizers, on a workstation. Semantics: Armv7-M Architecture Reference Manual (DDI 0403), section A7.7.
 * All sums wrap modulo 2**32.
 */
#ifndef MCUGEN_DSP_INTRINSICS_H
#define MCUGEN_DSP_INTRINSICS_H

#include "mcugen_kernels.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#include <arm_acle.h>
#define MCUGEN_HAS_DSP 1
#else
#define MCUGEN_HAS_DSP 0
#endif

/* Inline assembly that takes (nearly) all fourteen registers in one piece, where GCC would otherwise spill inside a loop.
 * A build that keeps a register for itself (-fno-omit-frame-pointer, -ffixed-r9, ...) has to define
 * MCUGEN_DSP_SPARE_REGISTERS as 1. With a frame pointer GCC says so ("impossible constraints", "cannot be used in 'asm'
 * here"); a fixed register it would just let go. */
#ifndef MCUGEN_DSP_SPARE_REGISTERS
#if defined(CONFIG_FRAME_POINTER) /* Zephyr's option */
#define MCUGEN_DSP_SPARE_REGISTERS 1
#else
#define MCUGEN_DSP_SPARE_REGISTERS 0
#endif
#endif

#if MCUGEN_HAS_DSP && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !MCUGEN_DSP_SPARE_REGISTERS
#define MCUGEN_DSP_ALL_REGISTERS 1
#else
#define MCUGEN_DSP_ALL_REGISTERS 0
#endif

/* Where a load of two registers takes no longer than one of one: on a data bus of 64 bits. A module for such a core says so;
 * compilers do not tell the Cortex-M7 from the M4. */
#ifndef MCUGEN_WIDE_BUS
#define MCUGEN_WIDE_BUS 0
#endif

/* A word of memory that was, or will be, accessed as other types too: the arena is plain bytes. */
typedef uint32_t __attribute__((may_alias)) mcugen_word;
typedef int16_t __attribute__((may_alias)) mcugen_half;

MCUGEN_KERNEL uint32_t mcugen_load_word(const int8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

MCUGEN_KERNEL void mcugen_store_word(int8_t *bytes, uint32_t word)
{
    memcpy(bytes, &word, sizeof word);
}

/* The next two words with one instruction. Volatile, as `mcugen_accumulate` is. */
MCUGEN_KERNEL void mcugen_next_pair(const mcugen_word **words, uint32_t *first, uint32_t *second)
{
#if MCUGEN_HAS_DSP
    __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(*first), "=&r"(*second), "+r"(*words) : : "memory");
#else
    *first = (*words)[0];
    *second = (*words)[1];
    *words += 2;
#endif
}

MCUGEN_KERNEL int32_t mcugen_low(uint32_t pair)
{
    return (int16_t)(uint16_t)(pair & 0xffffu);
}

MCUGEN_KERNEL int32_t mcugen_high(uint32_t pair)
{
    return (int16_t)(uint16_t)(pair >> 16);
}

MCUGEN_KERNEL uint32_t mcugen_pair(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

/* Bytes 0 and 2, sign-extended. */
MCUGEN_KERNEL uint32_t mcugen_sxtb16(uint32_t bytes)
{
#if MCUGEN_HAS_DSP
    return (uint32_t)__sxtb16((int8x4_t)bytes);
#else
    return mcugen_pair((int8_t)(uint8_t)(bytes & 0xffu), (int8_t)(uint8_t)(bytes >> 16 & 0xffu));
#endif
}

/* Bytes 1 and 3, sign-extended: SXTB16 with ROR #8. */
MCUGEN_KERNEL uint32_t mcugen_sxtb16_odd(uint32_t bytes)
{
#if MCUGEN_HAS_DSP
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
#else
    return mcugen_sxtb16(bytes >> 8);
#endif
}

/* Bytes 0 and 2, without a sign. */
MCUGEN_KERNEL uint32_t mcugen_uxtb16(uint32_t bytes)
{
#if MCUGEN_HAS_DSP
    uint32_t pair;
    __asm__("uxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
    return pair;
#else
    return bytes & UINT32_C(0x00ff00ff);
#endif
}

MCUGEN_KERNEL int32_t mcugen_wrapping_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* sum + a.low * b.low + a.high * b.high */
MCUGEN_KERNEL int32_t mcugen_smlad(uint32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
#else
    /* One product is at most 2**30: the sum of two needs wrapping only for two of (-2**15)**2. */
    int32_t low = mcugen_low(a) * mcugen_low(b);
    int32_t high = mcugen_high(a) * mcugen_high(b);
    return mcugen_wrapping_add(sum, mcugen_wrapping_add(low, high));
#endif
}

/* mcugen_smlad into the sum's own register. Inner loops use all fourteen registers: keeping the sums where they are, and
 * (volatile) the order as written, keeps the compiler from spilling them. */
MCUGEN_KERNEL void mcugen_accumulate(uint32_t a, uint32_t b, int32_t *sum)
{
#if MCUGEN_HAS_DSP
    __asm__ volatile("smlad %0, %1, %2, %0" : "+r"(*sum) : "r"(a), "r"(b));
#else
    *sum = mcugen_smlad(a, b, *sum);
#endif
}

/* Splits four bytes into the pairs (b0, b2) and (b1, b3), sign-extended; the first takes the bytes' own register. */
MCUGEN_KERNEL void mcugen_widen_bytes(uint32_t *bytes_to_even, uint32_t *odd)
{
#if MCUGEN_HAS_DSP
    __asm__ volatile("sxtb16 %1, %0, ror #8\n\tsxtb16 %0, %0" : "+r"(*bytes_to_even), "=&r"(*odd));
#else
    *odd = mcugen_sxtb16_odd(*bytes_to_even);
    *bytes_to_even = mcugen_sxtb16(*bytes_to_even);
#endif
}

/* sum + a.low * b.low */
MCUGEN_KERNEL int32_t mcugen_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    return __smlabb((int32_t)a, (int32_t)b, sum);
#else
    return mcugen_wrapping_add(sum, mcugen_low(a) * mcugen_low(b));
#endif
}

/* sum + a.low * b.high */
MCUGEN_KERNEL int32_t mcugen_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    return __smlabt((int32_t)a, (int32_t)b, sum);
#else
    return mcugen_wrapping_add(sum, mcugen_low(a) * mcugen_high(b));
#endif
}

/* sum + a.high * b.low */
MCUGEN_KERNEL int32_t mcugen_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    return __smlatb((int32_t)a, (int32_t)b, sum);
#else
    return mcugen_wrapping_add(sum, mcugen_high(a) * mcugen_low(b));
#endif
}

/* sum + a.high * b.high */
MCUGEN_KERNEL int32_t mcugen_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    return __smlatt((int32_t)a, (int32_t)b, sum);
#else
    return mcugen_wrapping_add(sum, mcugen_high(a) * mcugen_high(b));
#endif
}

/* sum + (a * b.low) / 2**16, rounded down */
MCUGEN_KERNEL int32_t mcugen_smlawb(int32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    int32_t total;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(total) : "r"(a), "r"(b), "r"(sum));
    return total;
#else
    return mcugen_wrapping_add(sum, (int32_t)((int64_t)a * mcugen_low(b) >> 16));
#endif
}

/* sum + (a * b.high) / 2**16, rounded down */
MCUGEN_KERNEL int32_t mcugen_smlawt(int32_t a, uint32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    int32_t total;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(total) : "r"(a), "r"(b), "r"(sum));
    return total;
#else
    return mcugen_wrapping_add(sum, (int32_t)((int64_t)a * mcugen_high(b) >> 16));
#endif
}

/* The high word of a * b + sum * 2**32, rounded to nearest, ties up. */
MCUGEN_KERNEL int32_t mcugen_smmlar(int32_t a, int32_t b, int32_t sum)
{
#if MCUGEN_HAS_DSP
    int32_t high;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(high) : "r"(a), "r"(b), "r"(sum));
    return high;
#else
    uint64_t product = (uint64_t)((int64_t)a * b) + ((uint64_t)(uint32_t)sum << 32) + 0x80000000u;
    return (int32_t)(uint32_t)(product >> 32);
#endif
}

/* Saturates to int8. */
MCUGEN_KERNEL int32_t mcugen_ssat8(int32_t value)
{
#if MCUGEN_HAS_DSP
    int32_t saturated;
    __asm__("ssat %0, #8, %1" : "=r"(saturated) : "r"(value));
    return saturated;
#else
    return value < -128 ? -128 : value > 127 ? 127 : value;
#endif
}

/* value / 2, rounded down, saturated to int8. */
MCUGEN_KERNEL int32_t mcugen_ssat8_of_half(int32_t value)
{
#if MCUGEN_HAS_DSP
    int32_t saturated;
    __asm__("ssat %0, #8, %1, asr #1" : "=r"(saturated) : "r"(value));
    return saturated;
#else
    return mcugen_ssat8(value >> 1);
#endif
}

/* value / 2**exponent, rounded down, saturated to int8; exponent in 1 ... 31. */
MCUGEN_KERNEL int32_t mcugen_ssat8_of_shifted(int32_t value, int32_t exponent)
{
#if MCUGEN_HAS_DSP && defined(__OPTIMIZE__)
    if (__builtin_constant_p(exponent)) {
        int32_t saturated;
        __asm__("ssat %0, #8, %1, asr %2" : "=r"(saturated) : "r"(value), "i"(exponent));
        return saturated;
    }
#endif
    return mcugen_ssat8(value >> exponent);
}

/* value / 2**exponent, rounded down, saturated to int16; exponent in 1 ... 31. */
MCUGEN_KERNEL int32_t mcugen_ssat16_of_shifted(int32_t value, int32_t exponent)
{
#if MCUGEN_HAS_DSP && defined(__OPTIMIZE__)
    if (__builtin_constant_p(exponent)) {
        int32_t saturated;
        __asm__("ssat %0, #16, %1, asr %2" : "=r"(saturated) : "r"(value), "i"(exponent));
        return saturated;
    }
#endif
    value >>= exponent;
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/* Byte by byte, signed: a where b >= c, else d. */
MCUGEN_KERNEL uint32_t mcugen_select_bytes(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t selected;
#if MCUGEN_HAS_DSP
    __asm__("ssub8 %0, %2, %3\n\tsel %0, %1, %4" : "=&r"(selected) : "r"(a), "r"(b), "r"(c), "r"(d) : "cc");
#else
    selected = 0;
    for (int32_t bits = 0; bits < 32; bits += 8) {
        const int8_t x = (int8_t)(uint8_t)(b >> bits & 0xffu), y = (int8_t)(uint8_t)(c >> bits & 0xffu);
        selected |= (x >= y ? a : d) & 0xffu << bits;
    }
#endif
    return selected;
}

/* The larger of each signed byte. */
MCUGEN_KERNEL uint32_t mcugen_largest_bytes(uint32_t a, uint32_t b)
{
    return mcugen_select_bytes(a, a, b, b);
}

/* The smaller of each signed byte. */
MCUGEN_KERNEL uint32_t mcugen_smallest_bytes(uint32_t a, uint32_t b)
{
    return mcugen_select_bytes(a, b, a, b);
}

/* Shifts by the low byte of `count`, at most 31: what a shift by a register does. */
MCUGEN_KERNEL int32_t mcugen_shift_left_by_byte(int32_t value, uint32_t count)
{
#if MCUGEN_HAS_DSP
    __asm__("lsl %0, %1, %2" : "=r"(value) : "r"(value), "r"(count));
    return value;
#else
    return (int32_t)((uint32_t)value << (count & 0xffu));
#endif
}

MCUGEN_KERNEL int32_t mcugen_shift_right_by_byte(int32_t value, uint32_t count)
{
#if MCUGEN_HAS_DSP
    __asm__("asr %0, %1, %2" : "=r"(value) : "r"(value), "r"(count));
    return value;
#else
    return value >> (count & 0xffu);
#endif
}

/* Both halves times two, modulo 2**16. */
MCUGEN_KERNEL uint32_t mcugen_double_halves(uint32_t pair)
{
#if MCUGEN_HAS_DSP
    return (uint32_t)__sadd16((int16x2_t)pair, (int16x2_t)pair);
#else
    return mcugen_pair(2 * mcugen_low(pair), 2 * mcugen_high(pair));
#endif
}

/* Half by half a + b, modulo 2**16. */
MCUGEN_KERNEL uint32_t mcugen_add_halves(uint32_t a, uint32_t b)
{
#if MCUGEN_HAS_DSP
    return (uint32_t)__sadd16((int16x2_t)a, (int16x2_t)b);
#else
    return mcugen_pair(mcugen_low(a) + mcugen_low(b), mcugen_high(a) + mcugen_high(b));
#endif
}

/* Half by half a - b, modulo 2**16. */
MCUGEN_KERNEL uint32_t mcugen_subtract_halves(uint32_t a, uint32_t b)
{
#if MCUGEN_HAS_DSP
    return (uint32_t)__ssub16((int16x2_t)a, (int16x2_t)b);
#else
    return mcugen_pair(mcugen_low(a) - mcugen_low(b), mcugen_high(a) - mcugen_high(b));
#endif
}

/* The larger of each signed half. */
MCUGEN_KERNEL uint32_t mcugen_larger_halves(uint32_t a, uint32_t b)
{
#if MCUGEN_HAS_DSP
    uint32_t larger;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(larger) : "r"(a), "r"(b) : "cc");
    return larger;
#else
    return mcugen_pair(mcugen_low(a) > mcugen_low(b) ? mcugen_low(a) : mcugen_low(b),
                       mcugen_high(a) > mcugen_high(b) ? mcugen_high(a) : mcugen_high(b));
#endif
}

/* The smaller of each signed half. */
MCUGEN_KERNEL uint32_t mcugen_smaller_halves(uint32_t a, uint32_t b)
{
#if MCUGEN_HAS_DSP
    uint32_t smaller;
    __asm__("ssub16 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(smaller) : "r"(a), "r"(b) : "cc");
    return smaller;
#else
    return mcugen_pair(mcugen_low(a) < mcugen_low(b) ? mcugen_low(a) : mcugen_low(b),
                       mcugen_high(a) < mcugen_high(b) ? mcugen_high(a) : mcugen_high(b));
#endif
}

/* (low half of `bottom`, low half of `top`) */
MCUGEN_KERNEL uint32_t mcugen_pack_low_low(uint32_t bottom, uint32_t top)
{
#if MCUGEN_HAS_DSP
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(bottom), "r"(top));
    return pair;
#else
    return (bottom & 0xffffu) | top << 16;
#endif
}

/* (low half of `bottom`, high half of `top`) */
MCUGEN_KERNEL uint32_t mcugen_pack_low_high(uint32_t bottom, uint32_t top)
{
#if MCUGEN_HAS_DSP
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2" : "=r"(pair) : "r"(bottom), "r"(top));
    return pair;
#else
    return (bottom & 0xffffu) | (top & 0xffff0000u);
#endif
}

/* The low bytes of four numbers in a word, the first lowest. */
MCUGEN_KERNEL uint32_t mcugen_pack_bytes(int32_t first, int32_t second, int32_t third, int32_t fourth)
{
    uint32_t word = (uint32_t)first;
#if MCUGEN_HAS_DSP
    __asm__("bfi %0, %1, #8, #8\n\tbfi %0, %2, #16, #8\n\tbfi %0, %3, #24, #8"
            : "+&r"(word) : "r"(second), "r"(third), "r"(fourth));
    return word;
#else
    word = (word & 0xffu) | ((uint32_t)second & 0xffu) << 8;
    return word | ((uint32_t)third & 0xffu) << 16 | (uint32_t)fourth << 24;
#endif
}

/* A constant that stays in a register: where a shifted operand leaves an instruction no room for it, GCC would shift first. */
MCUGEN_KERNEL int32_t mcugen_in_register(int32_t constant)
{
    MCUGEN_KEEP(constant);
    return constant;
}

/* Byte by byte the larger of two signed numbers. */
MCUGEN_KERNEL uint32_t mcugen_larger_bytes(uint32_t a, uint32_t b)
{
#if MCUGEN_HAS_DSP
    uint32_t larger;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(larger) : "r"(a), "r"(b) : "cc");
    return larger;
#else
    uint32_t larger = 0;
    for (int32_t at = 0; at < 32; at += 8) {
        const uint32_t x = a >> at & 0xffu, y = b >> at & 0xffu;
        larger |= ((int8_t)(uint8_t)x > (int8_t)(uint8_t)y ? x : y) << at;
    }
    return larger;
#endif
}

/* Byte by byte the smaller of two signed numbers. */
MCUGEN_KERNEL uint32_t mcugen_smaller_bytes(uint32_t a, uint32_t b)
{
    /* -1 - x turns the order round, and is its own inverse. */
    return ~mcugen_larger_bytes(~a, ~b);
}

/* Half by half pair + bytes 0 and 2, sign-extended, modulo 2**16. */
MCUGEN_KERNEL uint32_t mcugen_sxtab16(uint32_t pair, uint32_t bytes)
{
#if MCUGEN_HAS_DSP
    return (uint32_t)__sxtab16((int16x2_t)pair, (int8x4_t)bytes);
#else
    return mcugen_add_halves(pair, mcugen_sxtb16(bytes));
#endif
}

/* Half by half pair + bytes 1 and 3, sign-extended, modulo 2**16: SXTAB16 with ROR #8. */
MCUGEN_KERNEL uint32_t mcugen_sxtab16_odd(uint32_t pair, uint32_t bytes)
{
#if MCUGEN_HAS_DSP
    uint32_t sums;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sums) : "r"(pair), "r"(bytes));
    return sums;
#else
    return mcugen_add_halves(pair, mcugen_sxtb16_odd(bytes));
#endif
}

/* sum + both products of halves, modulo 2**64. */
MCUGEN_KERNEL int64_t mcugen_smlald(uint32_t a, uint32_t b, int64_t sum)
{
#if MCUGEN_HAS_DSP
    return __smlald((int16x2_t)a, (int16x2_t)b, sum);
#else
    const int64_t low = mcugen_low(a) * mcugen_low(b), high = mcugen_high(a) * mcugen_high(b);
    return (int64_t)((uint64_t)sum + (uint64_t)(low + high));
#endif
}

#endif
