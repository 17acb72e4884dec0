/* Instructions of Armv7-M that compilers do not find by themselves: the long multiply-accumulate on two fields, and shifts by
 * the low byte of a register.
 *
 * A word may hold two bytes of data, the second one `bits` higher. SMLAL multiplies it with a number and adds the product
 * to a 64-bit sum: two multiply-accumulates at once. In the end the sum is  a + b * 2**bits,  where a and b are what the
 * two would have been; with a in `bits` bits (proven for each layer when it is packed) both come out exactly, whatever
 * the sum was on the way. `bits` is a constant:
 *   23: the word is  low + high * 2**23;
 *   24: the word is  (low + 128) + high * 2**24, since -128 * 2**24 - 1 would be no int32. Sums of the lower field come
 *       out right when they start lower by 128 times the sum of their weights.
 *
 * Every function has a plain C form with the same bits, for the tests on a workstation and for other compilers.
 */
#ifndef MCUGEN_ARMV7M_INSTRUCTIONS_H
#define MCUGEN_ARMV7M_INSTRUCTIONS_H

#include "mcugen_requantize.h"

#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB >= 2
#define MCUGEN_ARMV7M 1
#else
#define MCUGEN_ARMV7M 0
#endif

/* Loops in assembly that take thirteen registers. A build that keeps registers for itself (-fno-omit-frame-pointer,
 * -ffixed-r9, ...) defines MCUGEN_ARMV7M_SPARE_REGISTERS as 1 and gets the compiler's loops. */
#ifndef MCUGEN_ARMV7M_SPARE_REGISTERS
#if defined(CONFIG_FRAME_POINTER) /* Zephyr's option */
#define MCUGEN_ARMV7M_SPARE_REGISTERS 1
#else
#define MCUGEN_ARMV7M_SPARE_REGISTERS 0
#endif
#endif

#if MCUGEN_ARMV7M && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !MCUGEN_ARMV7M_SPARE_REGISTERS
#define MCUGEN_ARMV7M_ALL_REGISTERS 1
#else
#define MCUGEN_ARMV7M_ALL_REGISTERS 0
#endif

/* A word of memory that was, or will be, accessed as other types too: the arena is plain bytes. */
typedef uint32_t __attribute__((may_alias)) mcugen_armv7m_word;

/* The word of two int8. */
MCUGEN_KERNEL uint32_t mcugen_two_fields(int32_t low, int32_t high, int bits)
{
    return (uint32_t)low + ((uint32_t)high << bits) + (bits == 24 ? 128u : 0u);
}

/* sum + fields * factor, modulo 2**64. */
MCUGEN_KERNEL void mcugen_multiply_fields(uint64_t *sum, uint32_t fields, int32_t factor)
{
#if MCUGEN_ARMV7M
    __asm__ volatile("smlal %Q0, %R0, %1, %2" : "+r"(*sum) : "r"(fields), "r"(factor));
#else
    *sum += (uint64_t)((int64_t)(int32_t)fields * factor);
#endif
}

/* The sum low + high * 2**bits. */
MCUGEN_KERNEL uint64_t mcugen_start_fields(int32_t low, int32_t high, int bits)
{
    return (uint64_t)((int64_t)low + (int64_t)high * (1 << bits));
}

#if MCUGEN_ARMV7M
/* The lower field's sign is carried: where it is set, the upper field is one short. */
#define MCUGEN_SPLIT_FIELDS(bits, left)              \
    __asm__("lsrs %0, %Q2, #" bits "\n\t"            \
            "sbfx %1, %Q2, #0, #" bits "\n\t"        \
            "adc %0, %0, %R2, lsl #" left            \
            : "=&r"(top), "=&r"(*low) : "r"(sum) : "cc")
#endif

/* Takes a sum apart. */
MCUGEN_KERNEL void mcugen_split_fields(uint64_t sum, int32_t *low, int32_t *high, int bits)
{
#if MCUGEN_ARMV7M
    uint32_t top;
    if (bits == 24) {
        MCUGEN_SPLIT_FIELDS("24", "8");
    } else {
        MCUGEN_SPLIT_FIELDS("23", "9");
    }
    *high = (int32_t)top;
#else
    *low = (int32_t)((uint32_t)sum << (32 - bits)) >> (32 - bits);
    *high = (int32_t)(uint32_t)((sum - (uint64_t)(int64_t)*low) >> bits);
#endif
}

/* Shifts by the low byte of `count`, at most 31: what a shift by a register does. */
MCUGEN_KERNEL int32_t mcugen_left_by_low_byte(int32_t value, uint32_t count)
{
#if MCUGEN_ARMV7M
    __asm__("lsl %0, %1, %2" : "=r"(value) : "r"(value), "r"(count));
    return value;
#else
    return (int32_t)((uint32_t)value << (count & 0xffu));
#endif
}

MCUGEN_KERNEL int32_t mcugen_right_by_low_byte(int32_t value, uint32_t count)
{
#if MCUGEN_ARMV7M
    __asm__("asr %0, %1, %2" : "=r"(value) : "r"(value), "r"(count));
    return value;
#else
    return value >> (count & 0xffu);
#endif
}

/* value / 2, rounded down, saturated to int8. */
MCUGEN_KERNEL int32_t mcugen_saturate8_half(int32_t value)
{
#if MCUGEN_ARMV7M
    int32_t saturated;
    __asm__("ssat %0, #8, %1, asr #1" : "=r"(saturated) : "r"(value));
    return saturated;
#else
    return mcugen_saturate8(value >> 1);
#endif
}

/* What one layer's outputs share; every field folds away. */
struct mcugen_armv7m_output {
    int32_t zero_point;
    int32_t clamp_min, clamp_max;
};

/* What the outputs of one channel share: the multiplier (2 * m - 2**32), a word with the exponent, less one, in its low byte,
 * and the addend of mcugen_requantize_fast. */
struct mcugen_armv7m_scale {
    int32_t multiplier;
    uint32_t exponent;
    int32_t addend;
};

MCUGEN_KERNEL struct mcugen_armv7m_scale mcugen_armv7m_scale(int32_t multiplier, uint32_t exponent,
                                                             const struct mcugen_armv7m_output *out)
{
    const struct mcugen_armv7m_scale scale = {multiplier, exponent,
                                              mcugen_left_by_low_byte(2 * out->zero_point + 1, exponent)};
    return scale;
}

/* From a sum to int8: mcugen_requantize_fast with the addend made before. */
MCUGEN_KERNEL int8_t mcugen_armv7m_finish(int32_t sum, const struct mcugen_armv7m_scale *scale,
                                          const struct mcugen_armv7m_output *out)
{
    const uint32_t tie = out->clamp_min < out->zero_point ? (uint32_t)(sum >> 31) : 0u;
    int32_t value = mcugen_scale_and_add(sum, scale->multiplier, (uint32_t)scale->addend + tie);
    value = mcugen_saturate8_half(mcugen_right_by_low_byte(value, scale->exponent));
    if (out->clamp_min > INT8_MIN) {
        value = value < out->clamp_min ? out->clamp_min : value;
    }
    if (out->clamp_max < INT8_MAX) {
        value = value > out->clamp_max ? out->clamp_max : value;
    }
    return (int8_t)value;
}

#endif
