/* Products of two activations of int16 in lanes: eight products are added to a sum of 64 bits by one VMLALDAVA. */
#include "mve/vectors.h"
#include "portable/linear/batch_matmul_s16.h"

/* Eight elements of a row and of two columns. */
MCUGEN_KERNEL void mcugen_mve_add_products(int16x8_t left, int16x8_t first, int16x8_t second, int64_t sums[2])
{
    sums[0] = vmlaldavaq_s16(sums[0], left, first);
    sums[1] = vmlaldavaq_s16(sums[1], left, second);
}

MCUGEN_KERNEL void mcugen_mve_two_sums(const int16_t *left, const int16_t *first, const int16_t *second, int32_t depth,
                                       int64_t sums[2])
{
    sums[0] = 0;
    sums[1] = 0;
    for (int32_t blocks = depth / 32; blocks > 0; blocks--) {
        MCUGEN_UNROLL(4)
        for (int32_t i = 0; i < 32; i += 8) {
            mcugen_mve_add_products(vldrhq_s16(left + i), vldrhq_s16(first + i), vldrhq_s16(second + i), sums);
        }
        left += 32;
        first += 32;
        second += 32;
    }
    for (int32_t eights = depth % 32 / 8; eights > 0; eights--) {
        mcugen_mve_add_products(vldrhq_s16(left), vldrhq_s16(first), vldrhq_s16(second), sums);
        left += 8;
        first += 8;
        second += 8;
    }
    if (depth % 8 != 0) {
        const mve_pred16_t tail = vctp16q((uint32_t)(depth % 8));
        mcugen_mve_add_products(vldrhq_z_s16(left, tail), vldrhq_z_s16(first, tail), vldrhq_z_s16(second, tail), sums);
    }
}

/* step: at most 65535 / 7. */
MCUGEN_KERNEL void mcugen_mve_column_s16(int16_t *copy, const int16_t *column, int32_t depth, int32_t step)
{
    const uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
    for (int32_t eights = depth / 8; eights > 0; eights--) {
        vstrhq_s16(copy, vldrhq_gather_shifted_offset_s16(column, offsets));
        copy += 8;
        column += 8 * step;
    }
    for (int32_t k = 0; k < depth % 8; k++) {
        copy[k] = column[k * step];
    }
}

MCUGEN_MATMUL_S16(mcugen_mve_batch_matmul_one_s16, mcugen_mve_two_sums, mcugen_mve_column_s16)

MCUGEN_KERNEL void mcugen_mve_batch_matmul_s16(const struct mcugen_batch_matmul_params *params, const int16_t *first,
                                               const int16_t *second, int16_t *output, void *scratch)
{
    mcugen_each_matmul_of(params, (const int8_t *)first, (const int8_t *)second, (int8_t *)output, scratch, 2,
                          mcugen_mve_batch_matmul_one_s16);
}
