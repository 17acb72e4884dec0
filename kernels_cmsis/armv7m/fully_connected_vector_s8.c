/* Fully connected with one row: every weight is used once, so four are loaded as one word and never widened.
 *
 * A word of the stream has the weights (a, d, c, b) of four output channels at one input, lowest byte first; a and c are
 * stored as a + 128, c + 128. Without its middle bytes it is  (a + 128) + b * 2**24,  turned by 16 and without them
 * (c + 128) + d * 2**24: words of two fields (instructions.h). So four multiply-accumulates take two instructions to mask
 * and two to multiply. 128 times the sum of all inputs is taken off where the sums start.
 *
 * The stream holds for each four channels  start[4], multiplier[4]  as in gemm.h and a word for each input; for two
 * channels left over the same with a word for each two inputs, channels a and b of the first, then c and d of the second
 * being the same two; for a last one  start, multiplier  and a byte for each input, filled up to whole words.
 */
#include "armv7m/fully_connected.h"
#include "armv7m/instructions.h"

#define MCUGEN_FIELDS_MASK UINT32_C(0xff0000ff)

MCUGEN_KERNEL uint32_t mcugen_turned_by_16(uint32_t word)
{
    return word >> 16 | word << 16;
}

#if MCUGEN_ARMV7M_ALL_REGISTERS
#define MCUGEN_ARMV7M_VECTOR_STEP(word)                          \
    "ldrsb %[x], [%[input]], #1\n\t"                             \
    "and %[turned], %[mask], " word ", ror #16\n\t"              \
    "bfc " word ", #8, #16\n\t"                                  \
    "smlal %Q[sum1], %R[sum1], %[turned], %[x]\n\t"              \
    "smlal %Q[sum0], %R[sum0], " word ", %[x]\n\t"
#define MCUGEN_ARMV7M_VECTOR_STEPS_2            \
    "ldrd %[word0], %[word1], [%[w]], #8\n\t"   \
    MCUGEN_ARMV7M_VECTOR_STEP("%[word0]")       \
    MCUGEN_ARMV7M_VECTOR_STEP("%[word1]")
#define MCUGEN_ARMV7M_VECTOR_STEPS_4 MCUGEN_ARMV7M_VECTOR_STEPS_2 MCUGEN_ARMV7M_VECTOR_STEPS_2
#define MCUGEN_ARMV7M_VECTOR_STEPS_8 MCUGEN_ARMV7M_VECTOR_STEPS_4 MCUGEN_ARMV7M_VECTOR_STEPS_4
#define MCUGEN_ARMV7M_VECTOR_LOOP(steps)                                                                           \
    __asm__ volatile("1:\n\t"                                                                                      \
                     steps                                                                                         \
                     "cmp %[input], %[end]\n\t"                                                                    \
                     "bne 1b\n\t"                                                                                  \
                     : [input] "+r"(input), [w] "+r"(*words), [sum0] "+r"(sums[0]), [sum1] "+r"(sums[1]),          \
                       [word0] "=&r"(word0), [word1] "=&r"(word1), [turned] "=&r"(turned), [x] "=&r"(x)            \
                     : [mask] "r"(MCUGEN_FIELDS_MASK), [end] "r"(end)                                              \
                     : "cc", "memory")
#endif

/* Inputs that a turn of the loop takes. */
MCUGEN_KERNEL int32_t mcugen_armv7m_vector_turn(int32_t depth)
{
    return depth % 16 == 0 ? 16 : 8;
}

/* All inputs of four channels; `words` moves behind their weights. */
MCUGEN_KERNEL void mcugen_armv7m_vector_product(const int8_t *input, int32_t depth, const uint32_t **words,
                                                uint64_t sums[2])
{
    int32_t rest = depth;
#if MCUGEN_ARMV7M_ALL_REGISTERS
    rest = depth % mcugen_armv7m_vector_turn(depth);
    if (depth != rest) {
        const int8_t *const end = input + (depth - rest);
        uint32_t word0, word1, turned;
        int32_t x;
        if (mcugen_armv7m_vector_turn(depth) == 16) {
            MCUGEN_ARMV7M_VECTOR_LOOP(MCUGEN_ARMV7M_VECTOR_STEPS_8 MCUGEN_ARMV7M_VECTOR_STEPS_8);
        } else {
            MCUGEN_ARMV7M_VECTOR_LOOP(MCUGEN_ARMV7M_VECTOR_STEPS_8);
        }
    }
#endif
    for (int32_t i = 0; i < rest; i++) {
        const uint32_t word = *(*words)++;
        const int32_t x = *input++;
        mcugen_multiply_fields(&sums[0], word & MCUGEN_FIELDS_MASK, x);
        mcugen_multiply_fields(&sums[1], mcugen_turned_by_16(word) & MCUGEN_FIELDS_MASK, x);
    }
}

/* Four output channels; returns the stream's next block. `offset`: 128 times the sum of all inputs. */
MCUGEN_KERNEL const uint32_t *mcugen_armv7m_vector_block(const int8_t *input, int32_t depth, int32_t offset,
                                                         const uint32_t *stream, int8_t *output,
                                                         const struct mcugen_armv7m_output *out)
{
    uint64_t sums[2];
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        sums[i] = mcugen_start_fields(((int32_t)stream[2 * i] >> 8) - offset, (int32_t)stream[2 * i + 1] >> 8, 24);
    }
    const uint32_t *words = stream + 8;
    mcugen_armv7m_vector_product(input, depth, &words, sums);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        int32_t sum[2];
        mcugen_split_fields(sums[i], &sum[0], &sum[1], 24);
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            const struct mcugen_armv7m_scale scale =
                mcugen_armv7m_scale((int32_t)stream[4 + 2 * i + k], stream[2 * i + k], out);
            output[2 * i + k] = mcugen_armv7m_finish(sum[k], &scale, out);
        }
    }
    return words;
}

/* Two output channels; returns the stream's next block. */
MCUGEN_KERNEL const uint32_t *mcugen_armv7m_vector_pair(const int8_t *input, int32_t depth, int32_t offset,
                                                        const uint32_t *stream, int8_t *output,
                                                        const struct mcugen_armv7m_output *out)
{
    uint64_t sum = mcugen_start_fields(((int32_t)stream[0] >> 8) - offset, (int32_t)stream[1] >> 8, 24);
    const uint32_t *words = stream + 4;
    const int32_t twos = depth / 2;
#pragma GCC unroll 4
    for (int32_t i = 0; i < twos; i++) {
        const uint32_t word = *words++;
        mcugen_multiply_fields(&sum, word & MCUGEN_FIELDS_MASK, input[0]);
        mcugen_multiply_fields(&sum, mcugen_turned_by_16(word) & MCUGEN_FIELDS_MASK, input[1]);
        input += 2;
    }
    if (depth % 2 != 0) {
        mcugen_multiply_fields(&sum, *words++ & MCUGEN_FIELDS_MASK, input[0]);
    }
    int32_t sums[2];
    mcugen_split_fields(sum, &sums[0], &sums[1], 24);
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) {
        const struct mcugen_armv7m_scale scale = mcugen_armv7m_scale((int32_t)stream[2 + k], stream[k], out);
        output[k] = mcugen_armv7m_finish(sums[k], &scale, out);
    }
    return words;
}

/* The last output channel of an odd number. */
MCUGEN_KERNEL void mcugen_armv7m_vector_single(const int8_t *input, int32_t depth, const uint32_t *stream,
                                               int8_t *output, const struct mcugen_armv7m_output *out)
{
    const int8_t *weights = (const int8_t *)(stream + 2);
    uint32_t sum = (uint32_t)((int32_t)stream[0] >> 8);
#pragma GCC unroll 4
    for (int32_t i = 0; i < depth; i++) {
        sum += (uint32_t)(weights[i] * input[i]);
    }
    const struct mcugen_armv7m_scale scale = mcugen_armv7m_scale((int32_t)stream[1], stream[0], out);
    *output = mcugen_armv7m_finish((int32_t)sum, &scale, out);
}

MCUGEN_KERNEL void mcugen_armv7m_fully_connected_vector_s8(const struct mcugen_armv7m_fully_connected_params *params,
                                                           const int8_t *input, const uint32_t *weights,
                                                           int8_t *output)
{
    const struct mcugen_armv7m_output out = {params->output_zero_point, params->clamp_min, params->clamp_max};
    const int32_t depth = params->input_c, blocks_end = params->output_c / 4 * 4;
    int32_t offset = 0;
    if (params->output_c > 1) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < depth; i++) {
            offset += 128 * input[i];
        }
    }
    for (int32_t channel = 0; channel < blocks_end; channel += 4) {
        weights = mcugen_armv7m_vector_block(input, depth, offset, weights, output + channel, &out);
    }
    output += blocks_end;
    if (params->output_c % 4 >= 2) {
        weights = mcugen_armv7m_vector_pair(input, depth, offset, weights, output, &out);
        output += 2;
    }
    if (params->output_c % 2 != 0) {
        mcugen_armv7m_vector_single(input, depth, weights, output, &out);
    }
}
