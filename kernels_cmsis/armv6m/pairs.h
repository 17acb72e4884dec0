/* Two columns with one multiplication: what convolutions are made of on a core whose multiplier gives 32 bits.
 *
 * A pair is the word x + y * 2**16 of an input x of one column and the input y of another, as a sum of signed numbers.
 * w * pair = w * x + w * y * 2**16, so a few products summed up hold both columns' sums, as long as that of the first
 * column stays within 16 bits. From each such group
 *   high  += round(sum / 2**16), which is the second column's sum: ASRS leaves the bit below in the carry, ADCS adds it;
 *   total += sum, modulo 2**32.
 * In the end the first column's sum is  total - high * 2**16. A group has two products where that is proven from the
 * layer's weights (mcugen/kernels/armv6m/pairs.py), else one, which is right for any weights.
 *
 * Weights lie in blocks of four channels, for each input four bytes, one a channel: as far apart as the pairs are. So the
 * way from pairs to weights is the same for all inputs of a channel, one index register, and reading the pairs with LDMIA
 * moves on in both.
 */
#ifndef MCUGEN_ARMV6M_PAIRS_H
#define MCUGEN_ARMV6M_PAIRS_H

#include "armv6m/requantize.h"

enum { MCUGEN_ARMV6M_LANES = 4 };

/* The sums of a channel, as above. */
struct mcugen_armv6m_sums {
    uint32_t total;
    int32_t high;
};

#if MCUGEN_ARMV6M_ASSEMBLY
/* Two pairs in r2 and r3, times the weights of one channel. */
#define MCUGEN_ARMV6M_PRODUCTS                 \
    "ldmia %[pairs]!, {r2, r3}\n\t"            \
    "ldrsb r4, [%[pairs], %[first]]\n\t"       \
    "muls r2, r4, r2\n\t"                      \
    "ldrsb r4, [%[pairs], %[second]]\n\t"      \
    "muls r3, r4, r3\n\t"
#define MCUGEN_ARMV6M_TAKE(sum)                \
    "add %[total], " sum "\n\t"                \
    "asrs " sum ", " sum ", #16\n\t"           \
    "adcs %[high], %[high], " sum "\n\t"
/* Two inputs: as two groups, as one. */
#define MCUGEN_ARMV6M_SINGLE MCUGEN_ARMV6M_PRODUCTS MCUGEN_ARMV6M_TAKE("r2") MCUGEN_ARMV6M_TAKE("r3")
#define MCUGEN_ARMV6M_DOUBLE MCUGEN_ARMV6M_PRODUCTS "adds r2, r2, r3\n\t" MCUGEN_ARMV6M_TAKE("r2")
#define MCUGEN_ARMV6M_TWICE(step) step step
#define MCUGEN_ARMV6M_4_TIMES(step) MCUGEN_ARMV6M_TWICE(step) MCUGEN_ARMV6M_TWICE(step)
#define MCUGEN_ARMV6M_8_TIMES(step) MCUGEN_ARMV6M_4_TIMES(step) MCUGEN_ARMV6M_4_TIMES(step)
/* A last input without a neighbour. */
#define MCUGEN_ARMV6M_LAST                     \
    "ldmia %[pairs]!, {r2}\n\t"                \
    "ldrsb r4, [%[pairs], %[second]]\n\t"      \
    "muls r2, r4, r2\n\t"                      \
    MCUGEN_ARMV6M_TAKE("r2")

/* `first` and `second`: from behind two pairs to their weights. */
#define MCUGEN_ARMV6M_STEPS(text, ...)                                                                       \
    __asm__ volatile(".syntax unified\n\t" text                                                              \
                     : [pairs] "+l"(pairs), [high] "+l"(sums.high), [total] "+r"(total)                      \
                     : [first] "l"(first), [second] "l"(first + 4) __VA_ARGS__                               \
                     : "r2", "r3", "r4", "cc", "memory")
/* Turns of `number` steps until all are done. */
#define MCUGEN_ARMV6M_LOOP(number, text)                                                                     \
    if (steps >= (number)) {                                                                                 \
        register const mcugen_armv6m_word *const end __asm__("lr") = start + 2 * steps;                      \
        MCUGEN_ARMV6M_STEPS("1:\n\t" text "cmp %[pairs], %[end]\n\tbne 1b\n\t", , [end] "r"(end));           \
    }
#define MCUGEN_ARMV6M_PART(number, text)                                                                     \
    if ((steps & (number)) != 0) {                                                                           \
        MCUGEN_ARMV6M_STEPS(text, );                                                                         \
    }
#if defined(__OPTIMIZE_SIZE__)
#define MCUGEN_ARMV6M_ALL_STEPS(step)                                                                        \
    MCUGEN_ARMV6M_PART(1, step)                                                                              \
    MCUGEN_ARMV6M_LOOP(2, MCUGEN_ARMV6M_TWICE(step))
#else
#define MCUGEN_ARMV6M_ALL_STEPS(step)                                                                        \
    MCUGEN_ARMV6M_PART(1, step)                                                                              \
    MCUGEN_ARMV6M_PART(2, MCUGEN_ARMV6M_TWICE(step))                                                         \
    MCUGEN_ARMV6M_PART(4, MCUGEN_ARMV6M_4_TIMES(step))                                                       \
    MCUGEN_ARMV6M_LOOP(8, MCUGEN_ARMV6M_8_TIMES(step))
#endif

/* Adds the products of `depth` inputs with the weights of one channel. */
MCUGEN_KERNEL struct mcugen_armv6m_sums mcugen_armv6m_dot(const mcugen_armv6m_word *pairs, const int8_t *weights,
                                                          int32_t depth, int32_t group, struct mcugen_armv6m_sums sums)
{
    const mcugen_armv6m_word *const start = pairs;
    const int32_t first = (int32_t)((uintptr_t)weights - (uintptr_t)pairs) - 8, steps = depth / 2;
    /* By name, as `end` above: without it GCC has no high register to give at -Os. */
    register uint32_t total __asm__("r12") = sums.total;
    if (group == 2) {
        MCUGEN_ARMV6M_ALL_STEPS(MCUGEN_ARMV6M_DOUBLE)
    } else {
        MCUGEN_ARMV6M_ALL_STEPS(MCUGEN_ARMV6M_SINGLE)
    }
    if (depth % 2 != 0) {
        MCUGEN_ARMV6M_STEPS(MCUGEN_ARMV6M_LAST, );
    }
    sums.total = total;
    return sums;
}
#else
MCUGEN_KERNEL void mcugen_armv6m_take(uint32_t sum, struct mcugen_armv6m_sums *sums)
{
    sums->total += sum;
    sums->high += ((int32_t)sum >> 16) + (int32_t)(sum >> 15 & 1u);
}

MCUGEN_KERNEL struct mcugen_armv6m_sums mcugen_armv6m_dot(const mcugen_armv6m_word *pairs, const int8_t *weights,
                                                          int32_t depth, int32_t group, struct mcugen_armv6m_sums sums)
{
    for (int32_t i = 0; i < depth; i += group) {
        uint32_t sum = 0;
        for (int32_t k = i; k < depth && k < i + group; k++) {
            const uint32_t pair = pairs[k];
            const int32_t weight = weights[k * MCUGEN_ARMV6M_LANES];
            sum += pair * (uint32_t)weight;
        }
        mcugen_armv6m_take(sum, &sums);
    }
    return sums;
}
#endif

/* A layer's weights and what follows the sums. */
struct mcugen_armv6m_matrix {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t depth, channels, group;
    struct mcugen_armv6m_output output;
};

/* From the weights of a channel to those of the next. */
MCUGEN_KERNEL const int8_t *mcugen_armv6m_next_weights(const int8_t *weights, int32_t channel, int32_t depth)
{
    if (channel % MCUGEN_ARMV6M_LANES == MCUGEN_ARMV6M_LANES - 1) {
        weights += (depth - 1) * MCUGEN_ARMV6M_LANES;
    }
    return weights + 1;
}

/* All channels of two columns; outputs of the second `step` bytes behind those of the first, none where that is 0. */
MCUGEN_SHARED void mcugen_armv6m_two_columns(const struct mcugen_armv6m_matrix *m, const mcugen_armv6m_word *pairs,
                                             int8_t *output, int32_t step)
{
    const int8_t *weights = m->weights;
    for (int32_t c = 0; c < m->channels; c++) {
        const uint32_t bias = (uint32_t)m->bias[c];
        const struct mcugen_armv6m_sums start = {bias + (bias << 16), (int32_t)bias};
        const struct mcugen_armv6m_sums sums = mcugen_armv6m_dot(pairs, weights, m->depth, m->group, start);
        const int32_t first = (int32_t)(sums.total - ((uint32_t)sums.high << 16));
        mcugen_armv6m_finish(&m->output, first, sums.high, m->multiplier[c], m->shift[c], output + c, step);
        weights = mcugen_armv6m_next_weights(weights, c, m->depth);
    }
}

#if MCUGEN_ARMV6M_ASSEMBLY
/* The pairs of two bytes to r3 and r4, and to memory. */
#define MCUGEN_ARMV6M_TWO_PAIRS                \
    "ldrsb r3, [%[first], %[index]]\n\t"       \
    "ldrsb r4, [%[second], %[index]]\n\t"      \
    "lsls r4, r4, #16\n\t"                     \
    "adds r3, r3, r4\n\t"                      \
    "adds %[index], #1\n\t"                    \
    "ldrsb r4, [%[first], %[index]]\n\t"       \
    "ldrsb r5, [%[second], %[index]]\n\t"      \
    "lsls r5, r5, #16\n\t"                     \
    "adds r4, r4, r5\n\t"                      \
    "adds %[index], #1\n\t"                    \
    "stmia %[pairs]!, {r3, r4}\n\t"
#endif

/* Writes the pairs of `count` neighbouring bytes of two columns; returns their end. */
MCUGEN_SHARED mcugen_armv6m_word *mcugen_armv6m_pair(mcugen_armv6m_word *pairs, const int8_t *first,
                                                     const int8_t *second, int32_t count)
{
    int32_t i = 0;
#if MCUGEN_ARMV6M_ASSEMBLY
    if (count >= 4) {
        const int32_t fours = count & ~3;
        int32_t index = -fours;
        first += fours;
        second += fours;
        __asm__ volatile(".syntax unified\n\t"
                         "1:\n\t" MCUGEN_ARMV6M_TWO_PAIRS MCUGEN_ARMV6M_TWO_PAIRS
                         "bne 1b\n\t" /* the flags are those of the index */
                         : [pairs] "+l"(pairs), [index] "+l"(index)
                         : [first] "l"(first), [second] "l"(second)
                         : "r3", "r4", "r5", "cc", "memory");
        count -= fours;
    }
#endif
    for (; i < count; i++) {
        *pairs++ = (uint32_t)first[i] + ((uint32_t)second[i] << 16);
    }
    return pairs;
}

#endif
