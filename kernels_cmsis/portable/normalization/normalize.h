/* Rows normalized by their own statistics; the arithmetic is that of mcugen/graph/ops/normalization/normalize.py.
 * Statistics and roots are exact to 30 bits, normalized values have 16 fractional bits. The output may be the input. */
#ifndef MCUGEN_PORTABLE_NORMALIZE_H
#define MCUGEN_PORTABLE_NORMALIZE_H

#include "portable/integers.h"
#include "portable/normalization/roots.h"

/* The divisor's inverse, its shift, and the sum that is subtracted. */
MCUGEN_KERNEL uint32_t mcugen_normalize_statistics(const struct mcugen_normalize_params *params, const int8_t *input,
                                                   int32_t size, int32_t *total, int32_t *shift)
{
    int32_t sum = 0;
    int64_t squares = 0;
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = (int32_t)mcugen_load_integer(input, params->input_bytes) - params->zero_point;
        input += params->input_bytes;
        sum += x;
        squares += x * x;
    }
    *total = params->centered ? sum : 0;
    return mcugen_normalize_divisor(params, size, squares, *total, shift);
}

/* bytes: of an output, 1 or 2. */
MCUGEN_KERNEL void mcugen_normalize_row(const struct mcugen_normalize_params *params, const int8_t *input,
                                        const int32_t *factors, const int32_t *offsets, int8_t *output, int32_t bytes)
{
    const int32_t size = params->groups * params->repeat;
    const int32_t least = bytes == 1 ? INT8_MIN : INT16_MIN, most = bytes == 1 ? INT8_MAX : INT16_MAX;
    int32_t total, right;
    const int64_t inverse = (int64_t)mcugen_normalize_statistics(params, input, size, &total, &right);
    const int64_t half = INT64_C(1) << (right - 1), output_half = INT64_C(1) << (params->shift - 1);
    for (int32_t g = 0; g < params->groups; g++) {
        const int64_t start =
            (int64_t)offsets[g] * (INT64_C(1) << (params->shift - MCUGEN_NORMALIZE_FRACTION)) + output_half;
        for (int32_t i = 0; i < params->repeat; i++) {
            const int32_t d = size * ((int32_t)mcugen_load_integer(input, params->input_bytes) - params->zero_point) - total;
            input += params->input_bytes;
            const int32_t normalized = (int32_t)((d * inverse + half) >> right);
            const int64_t value = ((int64_t)normalized * factors[g] + start) >> params->shift;
            mcugen_store_integer(output, (int32_t)(value < least ? least : value > most ? most : value), bytes);
            output += bytes;
        }
    }
}

/* All rows. */
MCUGEN_KERNEL void mcugen_normalize_rows(const struct mcugen_normalize_params *params, const int8_t *input,
                                         const int32_t *factors, const int32_t *offsets, int8_t *output, int32_t bytes)
{
    const int32_t size = params->groups * params->repeat;
    for (int32_t row = 0; row < params->rows; row += params->periods) {
        for (int32_t p = 0; p < params->periods; p++) {
            mcugen_normalize_row(params, input, factors + p * params->groups, offsets + p * params->groups, output,
                                 bytes);
            input += size * params->input_bytes;
            output += size * bytes;
        }
    }
}

#endif
