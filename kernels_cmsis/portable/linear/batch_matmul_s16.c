/* Products of two activations of int16. */
#include "portable/linear/batch_matmul_s16.h"

MCUGEN_KERNEL void mcugen_two_sums(const int16_t *left, const int16_t *first, const int16_t *second, int32_t depth,
                                   int64_t sums[2])
{
    int64_t sum0 = 0, sum1 = 0;
#pragma GCC unroll 4
    for (int32_t k = 0; k < depth; k++) {
        sum0 += left[k] * first[k];
        sum1 += left[k] * second[k];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}

MCUGEN_MATMUL_S16(mcugen_batch_matmul_one_s16, mcugen_two_sums, mcugen_column_s16)

MCUGEN_KERNEL void mcugen_batch_matmul_s16(const struct mcugen_batch_matmul_params *params, const int16_t *first,
                                           const int16_t *second, int16_t *output, void *scratch)
{
    mcugen_each_matmul_of(params, (const int8_t *)first, (const int8_t *)second, (int8_t *)output, scratch, 2,
                          mcugen_batch_matmul_one_s16);
}
