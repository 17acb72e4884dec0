/* Products of two activations of int16 with SIMD: two elements in a word, and two products with one SMLALD. */
#include "dsp/intrinsics.h"
#include "portable/linear/batch_matmul_s16.h"

MCUGEN_KERNEL void mcugen_dsp_two_sums(const int16_t *left, const int16_t *first, const int16_t *second, int32_t depth,
                                       int64_t sums[2])
{
    const int8_t *x = (const int8_t *)left, *v = (const int8_t *)first, *w = (const int8_t *)second;
    int64_t sum0 = 0, sum1 = 0;
    MCUGEN_UNROLL(4)
    for (int32_t pairs = depth / 2; pairs > 0; pairs--) {
        const uint32_t two = mcugen_load_word(x);
        sum0 = mcugen_smlald(two, mcugen_load_word(v), sum0);
        sum1 = mcugen_smlald(two, mcugen_load_word(w), sum1);
        x += 4;
        v += 4;
        w += 4;
    }
    if (depth % 2 != 0) {
        sum0 += left[depth - 1] * first[depth - 1];
        sum1 += left[depth - 1] * second[depth - 1];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}

MCUGEN_MATMUL_S16(mcugen_dsp_batch_matmul_one_s16, mcugen_dsp_two_sums, mcugen_column_s16)

MCUGEN_KERNEL void mcugen_dsp_batch_matmul_s16(const struct mcugen_batch_matmul_params *params, const int16_t *first,
                                               const int16_t *second, int16_t *output, void *scratch)
{
    mcugen_each_matmul_of(params, (const int8_t *)first, (const int8_t *)second, (int8_t *)output, scratch, 2,
                          mcugen_dsp_batch_matmul_one_s16);
}
