/* Fully connected for one row, channels in pairs (paired.h): a matrix times a vector, which stays int8 where it is. No
 * scratch. The weight stream is that of paired.h with blocks of eight channels: four pairs, two words of exponents. */
#include "dsp/linear/fully_connected.h"
#include "dsp/paired.h"

enum { MCUGEN_DSP_VECTOR_PAIRS = 4 };

/* Four inputs of `pairs` pairs; `bytes` are the inputs. */
MCUGEN_KERNEL void mcugen_dsp_vector_paired_step(uint32_t bytes, const mcugen_word **weights, int pairs,
                                                 struct mcugen_dsp_pair sums[MCUGEN_DSP_VECTOR_PAIRS])
{
    uint32_t x[2] = {bytes, 0};
    mcugen_widen_bytes(&x[0], &x[1]);
    MCUGEN_UNROLL(2)
    for (int odd = 0; odd < 2; odd++) {
        MCUGEN_UNROLL(4)
        for (int p = 0; p < pairs; p++) {
            const uint32_t raw = *(*weights)++;
            mcugen_dsp_paired_accumulate(x[odd], raw, mcugen_sxtb16(raw), &sums[p]);
        }
    }
}

#if MCUGEN_DSP_ALL_REGISTERS
#define MCUGEN_DSP_VECTOR_TWO(x, first0, both0, first1, both1)      \
    "smlad %[" both0 "], %[w0], %[" x "], %[" both0 "]\n\t"         \
    "smlad %[" both1 "], %[w1], %[" x "], %[" both1 "]\n\t"         \
    "sxtb16 %[w0], %[w0]\n\t"                                       \
    "sxtb16 %[w1], %[w1]\n\t"                                       \
    "smlad %[" first0 "], %[w0], %[" x "], %[" first0 "]\n\t"       \
    "smlad %[" first1 "], %[w1], %[" x "], %[" first1 "]\n\t"
/* Four inputs of four pairs. Three loads in a row overlap; two take as long as one of two registers. */
#define MCUGEN_DSP_VECTOR_QUAD                                           \
    "ldr %[even], [%[x]], #4\n\t"                                        \
    "ldr %[w0], [%[w]]\n\t"                                              \
    "ldr %[w1], [%[w], #4]\n\t"                                          \
    "sxtb16 %[odd], %[even], ror #8\n\t"                                 \
    "sxtb16 %[even], %[even]\n\t"                                        \
    MCUGEN_DSP_VECTOR_TWO("even", "first0", "both0", "first1", "both1")  \
    "ldrd %[w0], %[w1], [%[w], #8]\n\t"                                  \
    MCUGEN_DSP_VECTOR_TWO("even", "first2", "both2", "first3", "both3")  \
    "ldrd %[w0], %[w1], [%[w], #16]\n\t"                                 \
    MCUGEN_DSP_VECTOR_TWO("odd", "first0", "both0", "first1", "both1")   \
    "ldrd %[w0], %[w1], [%[w], #24]\n\t"                                 \
    "add %[w], %[w], #32\n\t"                                            \
    MCUGEN_DSP_VECTOR_TWO("odd", "first2", "both2", "first3", "both3")

/* Turns of so many steps until the input is at its end, for which no register is left: it goes through `w0` to the stack.
 * All fourteen registers have names: GCC would not find a way to give them out at every option. */
#define MCUGEN_DSP_VECTOR_LOOP(steps)                                                                                \
    __asm__ volatile("str %[w0], [sp, #-8]!\n"                                                                      \
                     "1:\n\t"                                                                                       \
                     steps                                                                                          \
                     "ldr %[w0], [sp]\n\t"                                                                          \
                     "cmp %[x], %[w0]\n\t"                                                                          \
                     "bne 1b\n\t"                                                                                   \
                     "add sp, sp, #8\n\t"                                                                           \
                     : [x] "+r"(x), [w] "+r"(w), [first0] "+r"(first0), [both0] "+r"(both0),                        \
                       [first1] "+r"(first1), [both1] "+r"(both1), [first2] "+r"(first2), [both2] "+r"(both2),      \
                       [first3] "+r"(first3), [both3] "+r"(both3), [w0] "+&r"(w0), [even] "=&r"(even),              \
                       [odd] "=&r"(odd), [w1] "=&r"(w1)                                                             \
                     :                                                                                              \
                     : "cc", "memory")
#endif

/* Turns of `turn` steps up to `end`. */
MCUGEN_KERNEL void mcugen_dsp_vector_paired_turns(const int8_t **input, const int8_t *end, const mcugen_word **weights,
                                                  int pairs, int32_t turn,
                                                  struct mcugen_dsp_pair sums[MCUGEN_DSP_VECTOR_PAIRS])
{
    if (*input == end) {
        return;
    }
#if MCUGEN_DSP_ALL_REGISTERS
    if (pairs == MCUGEN_DSP_VECTOR_PAIRS) {
        register const int8_t *x __asm__("r0") = *input;
        register const mcugen_word *w __asm__("r1") = *weights;
        register int32_t first0 __asm__("r2") = sums[0].first, both0 __asm__("r3") = sums[0].both;
        register int32_t first1 __asm__("r4") = sums[1].first, both1 __asm__("r5") = sums[1].both;
        register int32_t first2 __asm__("r6") = sums[2].first, both2 __asm__("r7") = sums[2].both;
        register int32_t first3 __asm__("r8") = sums[3].first, both3 __asm__("r9") = sums[3].both;
        register uint32_t w0 __asm__("r10") = (uint32_t)end;
        register uint32_t w1 __asm__("r11"), even __asm__("r12"), odd __asm__("lr");
        if (turn == 1) {
            MCUGEN_DSP_VECTOR_LOOP(MCUGEN_DSP_VECTOR_QUAD);
        } else if (turn == 2) {
            MCUGEN_DSP_VECTOR_LOOP(MCUGEN_DSP_VECTOR_QUAD MCUGEN_DSP_VECTOR_QUAD);
        } else {
            MCUGEN_DSP_VECTOR_LOOP(MCUGEN_DSP_VECTOR_QUAD MCUGEN_DSP_VECTOR_QUAD
                                   MCUGEN_DSP_VECTOR_QUAD MCUGEN_DSP_VECTOR_QUAD);
        }
        *input = x;
        *weights = w;
        sums[0] = (struct mcugen_dsp_pair){first0, both0};
        sums[1] = (struct mcugen_dsp_pair){first1, both1};
        sums[2] = (struct mcugen_dsp_pair){first2, both2};
        sums[3] = (struct mcugen_dsp_pair){first3, both3};
        return;
    }
#endif
    (void)turn;
    do {
        mcugen_dsp_vector_paired_step(mcugen_load_word(*input), weights, pairs, sums);
        *input += 4;
    } while (*input != end);
}

/* All whole words of inputs. */
MCUGEN_KERNEL void mcugen_dsp_vector_paired_product(const int8_t **input, int32_t quads, const mcugen_word **weights,
                                                    int pairs, struct mcugen_dsp_pair sums[MCUGEN_DSP_VECTOR_PAIRS])
{
#if defined(__OPTIMIZE_SIZE__)
    const int32_t turn = 1;
#else
    const int32_t turn = quads % 4 != 0 && quads % 2 == 0 ? 2 : 4;
#endif
    const int32_t rest = quads % turn;
    mcugen_dsp_vector_paired_turns(input, *input + 4 * (quads - rest), weights, pairs, turn, sums);
    MCUGEN_UNROLL(3)
    for (int32_t i = 0; i < rest; i++) {
        mcugen_dsp_vector_paired_step(mcugen_load_word(*input), weights, pairs, sums);
        *input += 4;
    }
}

/* `channels` (1 to 8; with `depth` and `out` constants in builds for speed) outputs; returns the stream's next block. */
MCUGEN_SHARED const mcugen_word *mcugen_dsp_vector_paired_block(const int8_t *input, int32_t depth,
                                                                const mcugen_word *stream, int8_t *output,
                                                                int channels, const struct mcugen_dsp_output *out)
{
    struct mcugen_dsp_pair sums[MCUGEN_DSP_VECTOR_PAIRS];
    const int pairs = (channels + 1) / 2;
    MCUGEN_UNROLL(4)
    for (int p = 0; p < pairs; p++) {
        sums[p].first = (int32_t)stream[2 * p];
        sums[p].both = (int32_t)stream[2 * p + 1];
    }
    stream += 2 * pairs;
    mcugen_dsp_vector_paired_product(&input, depth / 4, &stream, pairs, sums);
    if (depth % 4 != 0) {
        uint32_t bytes = 0;
        for (int32_t i = depth % 4 - 1; i >= 0; i--) {
            bytes = bytes << 8 | (uint8_t)input[i];
        }
        mcugen_dsp_vector_paired_step(bytes, &stream, pairs, sums);
    }
    uint32_t exponents = stream[channels];
    MCUGEN_UNROLL(8)
    for (int c = 0; c < channels; c++) {
        const struct mcugen_dsp_pair *pair = &sums[c / 2];
        const int32_t doubled = c % 2 == 0 ? mcugen_dsp_doubled_first(pair) : mcugen_dsp_doubled_second(pair);
        const int32_t rounding = mcugen_dsp_rounding_by_byte(exponents, out);
        output[c] = mcugen_dsp_requantize_by_byte(doubled, (int32_t)stream[c], exponents, rounding, out);
        exponents = c == 3 && channels > 4 ? stream[channels + 1] : exponents >> 8;
    }
    return stream + channels + (channels + 3) / 4;
}

MCUGEN_KERNEL void mcugen_dsp_fully_connected_vector_paired_s8(const struct mcugen_dsp_fully_connected_params *params,
                                                               const int8_t *input, const uint32_t *weights,
                                                               int8_t *output)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max, 0, 0};
    const int8_t *blocks_end = output + (params->output_c & ~7);
    const mcugen_word *stream = weights;
    while (output != blocks_end) {
        stream = mcugen_dsp_vector_paired_block(input, params->input_c, stream, output, 8, &out);
        output += 8;
    }
    if (params->output_c % 8 != 0) {
        (void)mcugen_dsp_vector_paired_block(input, params->input_c, stream, output, params->output_c % 8, &out);
    }
}
