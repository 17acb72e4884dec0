/* Fully connected with one row of inputs: every weight is used once, so what counts is how it is loaded.
 *
 * Eight channels at a time, for each input eight bytes of weights in turn. They are stored as w + 128: LDRB takes an offset
 * in the instruction, LDRSB only in a register. What that adds is 128 times the sum of the inputs, for every channel the
 * same. The last block has four channels where that is enough. No scratch; outputs may not touch the inputs.
 */
#include "armv6m/requantize.h"

enum { MCUGEN_ARMV6M_BLOCK = 8, MCUGEN_ARMV6M_SMALL_BLOCK = 4 };

struct mcugen_armv6m_vector_params {
    int32_t input_c, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

/* What the loops below take and give. */
struct mcugen_armv6m_vector {
    uint32_t sums[MCUGEN_ARMV6M_BLOCK]; /* with the weights as they are stored */
    int32_t before_fours, before_ones;  /* inputs taken four at a time and one at a time; both negative or 0 */
};

#if MCUGEN_ARMV6M_ASSEMBLY
#define MCUGEN_ARMV6M_ONE(offset, sum)                 \
    "ldrb %[w], [%[weights], #" #offset "]\n\t"        \
    "muls %[w], %[x], %[w]\n\t"                        \
    "add " sum ", %[w]\n\t"
/* One input, its weights at the offsets a, b, ... */
#define MCUGEN_ARMV6M_FOUR(a, b, c, d)                 \
    "ldrsb %[x], [%[inputs], %[index]]\n\t"            \
    MCUGEN_ARMV6M_ONE(a, "%[sum0]")                    \
    MCUGEN_ARMV6M_ONE(b, "%[sum1]")                    \
    MCUGEN_ARMV6M_ONE(c, "r12")                        \
    MCUGEN_ARMV6M_ONE(d, "lr")
#define MCUGEN_ARMV6M_EIGHT(a, b, c, d, e, f, g, h)    \
    MCUGEN_ARMV6M_FOUR(a, b, c, d)                     \
    MCUGEN_ARMV6M_ONE(e, "r8")                         \
    MCUGEN_ARMV6M_ONE(f, "r9")                         \
    MCUGEN_ARMV6M_ONE(g, "r10")                        \
    MCUGEN_ARMV6M_ONE(h, "r11")
#define MCUGEN_ARMV6M_NEXT "adds %[index], #1\n\t"
/* Turns until the index, which counts up, is 0: for each `step`, whose weights are so many bytes. The number of turns is
 * at `offset` of the vector in %[x]. */
#define MCUGEN_ARMV6M_TURNS(offset, step, bytes, label, end)  \
    "ldr %[index], [%[x], #" #offset "]\n\t"           \
    "subs %[inputs], %[inputs], %[index]\n\t"          \
    "cmp %[index], #0\n\t"                             \
    "beq " end "f\n\t"                                 \
    label ":\n\t" step                                 \
    "adds %[weights], #" #bytes "\n\t"                 \
    MCUGEN_ARMV6M_NEXT                                 \
    "bne " label "b\n\t"                               \
    end ":\n\t"
#define MCUGEN_ARMV6M_STORE(high, offset)              \
    "mov %[w], " high "\n\t"                           \
    "str %[w], [%[x], #" #offset "]\n\t"
/* At -Os GCC keeps r8 to r11 for nobody, so they are saved here. */
#define MCUGEN_ARMV6M_PUSH(high) "mov %[w], " high "\n\tpush {%[w]}\n\t"
#define MCUGEN_ARMV6M_POP(high) "pop {%[w]}\n\tmov " high ", %[w]\n\t"
#define MCUGEN_ARMV6M_SAVE                             \
    MCUGEN_ARMV6M_PUSH("r8") MCUGEN_ARMV6M_PUSH("r9") MCUGEN_ARMV6M_PUSH("r10") MCUGEN_ARMV6M_PUSH("r11")
#define MCUGEN_ARMV6M_RESTORE                          \
    MCUGEN_ARMV6M_POP("r11") MCUGEN_ARMV6M_POP("r10") MCUGEN_ARMV6M_POP("r9") MCUGEN_ARMV6M_POP("r8")
#define MCUGEN_ARMV6M_CLEAR                            \
    "mov r8, %[sum0]\n\t"                              \
    "mov r9, %[sum0]\n\t"                              \
    "mov r10, %[sum0]\n\t"                             \
    "mov r11, %[sum0]\n\t"
/* Four inputs at a time; in builds for size there are none of these turns. */
#if defined(__OPTIMIZE_SIZE__)
#define MCUGEN_ARMV6M_FOURS(four_inputs, four_bytes)
#else
#define MCUGEN_ARMV6M_FOURS(four_inputs, four_bytes) MCUGEN_ARMV6M_TURNS(32, four_inputs, four_bytes, "1", "2")
#endif
/* All inputs of one block. */
#define MCUGEN_ARMV6M_RUN(before, four_inputs, four_bytes, one_input, one_bytes, after)                      \
    __asm__ volatile(".syntax unified\n\t"                                                                   \
                     "movs %[sum0], #0\n\t"                                                                  \
                     before                                                                                  \
                     "movs %[sum1], #0\n\t"                                                                  \
                     "mov r12, %[sum0]\n\t"                                                                  \
                     "mov lr, %[sum0]\n\t"                                                                   \
                     "push {%[x]}\n\t"                                                                       \
                     MCUGEN_ARMV6M_FOURS(four_inputs, four_bytes)                                            \
                     "ldr %[x], [sp]\n\t"                                                                    \
                     MCUGEN_ARMV6M_TURNS(36, one_input, one_bytes, "3", "4")                                 \
                     "pop {%[x]}\n\t"                                                                        \
                     "str %[sum0], [%[x], #0]\n\t"                                                           \
                     "str %[sum1], [%[x], #4]\n\t"                                                           \
                     MCUGEN_ARMV6M_STORE("r12", 8)                                                           \
                     MCUGEN_ARMV6M_STORE("lr", 12)                                                           \
                     after                                                                                   \
                     : [inputs] "+l"(inputs), [weights] "+l"(weights), [x] "+l"(vector), [index] "=&l"(index), \
                       [w] "=&l"(w), [sum0] "=&l"(sum0), [sum1] "=&l"(sum1)                                  \
                     :                                                                                       \
                     : "r12", "lr", "cc", "memory")

/* The sums of one block of four or eight channels; returns the next block's weights. */
MCUGEN_KERNEL const uint8_t *mcugen_armv6m_block(const int8_t *inputs, const uint8_t *weights, int32_t channels,
                                                 struct mcugen_armv6m_vector *vector)
{
    uint32_t index, w, sum0, sum1;
    if (channels == MCUGEN_ARMV6M_BLOCK) {
        MCUGEN_ARMV6M_RUN(MCUGEN_ARMV6M_SAVE MCUGEN_ARMV6M_CLEAR,
                          MCUGEN_ARMV6M_EIGHT(0, 1, 2, 3, 4, 5, 6, 7) MCUGEN_ARMV6M_NEXT
                          MCUGEN_ARMV6M_EIGHT(8, 9, 10, 11, 12, 13, 14, 15) MCUGEN_ARMV6M_NEXT
                          MCUGEN_ARMV6M_EIGHT(16, 17, 18, 19, 20, 21, 22, 23) MCUGEN_ARMV6M_NEXT
                          MCUGEN_ARMV6M_EIGHT(24, 25, 26, 27, 28, 29, 30, 31), 32,
                          MCUGEN_ARMV6M_EIGHT(0, 1, 2, 3, 4, 5, 6, 7), 8,
                          MCUGEN_ARMV6M_STORE("r8", 16) MCUGEN_ARMV6M_STORE("r9", 20)
                          MCUGEN_ARMV6M_STORE("r10", 24) MCUGEN_ARMV6M_STORE("r11", 28) MCUGEN_ARMV6M_RESTORE);
    } else {
        MCUGEN_ARMV6M_RUN("",
                          MCUGEN_ARMV6M_FOUR(0, 1, 2, 3) MCUGEN_ARMV6M_NEXT
                          MCUGEN_ARMV6M_FOUR(4, 5, 6, 7) MCUGEN_ARMV6M_NEXT
                          MCUGEN_ARMV6M_FOUR(8, 9, 10, 11) MCUGEN_ARMV6M_NEXT
                          MCUGEN_ARMV6M_FOUR(12, 13, 14, 15), 16,
                          MCUGEN_ARMV6M_FOUR(0, 1, 2, 3), 4, "");
    }
    return weights;
}
#else
MCUGEN_KERNEL const uint8_t *mcugen_armv6m_block(const int8_t *inputs, const uint8_t *weights, int32_t channels,
                                                 struct mcugen_armv6m_vector *vector)
{
    const int32_t count = -vector->before_fours - vector->before_ones;
    for (int32_t c = 0; c < channels; c++) {
        vector->sums[c] = 0;
        for (int32_t i = 0; i < count; i++) {
            vector->sums[c] += (uint32_t)(weights[i * channels + c] * inputs[i]);
        }
    }
    return weights + channels * count;
}
#endif

MCUGEN_KERNEL void mcugen_armv6m_fully_connected_vector_s8(const struct mcugen_armv6m_vector_params *params,
                                                           const int8_t *input, const uint8_t *weights,
                                                           const int32_t *bias, const int32_t *multiplier,
                                                           const int8_t *shift, int8_t *output)
{
    const struct mcugen_armv6m_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                             params->general_requantization};
#if defined(__OPTIMIZE_SIZE__)
    const int32_t ones = params->input_c;
#else
    const int32_t ones = params->input_c % 4;
#endif
    struct mcugen_armv6m_vector vector = {.before_fours = ones - params->input_c, .before_ones = -ones};
    int32_t input_sum = 0;
    MCUGEN_UNROLL(8)
    for (int32_t i = 0; i < params->input_c; i++) {
        input_sum += input[i];
    }
    const uint32_t added = (uint32_t)input_sum << 7;
    for (int32_t left = params->output_c; left > 0; left -= MCUGEN_ARMV6M_BLOCK) {
        const int32_t block = left > MCUGEN_ARMV6M_SMALL_BLOCK ? MCUGEN_ARMV6M_BLOCK : MCUGEN_ARMV6M_SMALL_BLOCK;
        const int32_t channels = left < MCUGEN_ARMV6M_BLOCK ? left : MCUGEN_ARMV6M_BLOCK;
        weights = mcugen_armv6m_block(input, weights, block, &vector);
        for (int32_t c = 0; c < channels; c++) {
            const int32_t sum = (int32_t)(vector.sums[c] - added + (uint32_t)*bias++);
            mcugen_armv6m_finish_one(&out, sum, *multiplier++, *shift++, output++);
        }
    }
}
