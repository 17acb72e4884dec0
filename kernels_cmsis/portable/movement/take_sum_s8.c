/* Sums of int8 values at constant places. */
#include "take_sum.h"

MCUGEN_KERNEL void mcugen_take_sum_s8(const struct mcugen_take_sum_params *params, const int8_t *input,
                                      const int32_t *outer_starts, const int32_t *outer_terms,
                                      const int32_t *row_starts, const int32_t *row_terms,
                                      const int32_t *column_starts, const int32_t *column_terms, int8_t *output)
{
    mcugen_take_sum(params, input, outer_starts, outer_terms, row_starts, row_terms, column_starts, column_terms,
                    output, 1);
}
