/* Sums of values at constant places, in three nested axes. Each place along an axis has a list of terms, from starts[place]
 * to starts[place + 1]; an element's place in the input is a term of each axis added up. Sums are exact, each is rounded
 * once.
 */
#ifndef MCUGEN_PORTABLE_TAKE_SUM_H
#define MCUGEN_PORTABLE_TAKE_SUM_H

#include "mcugen_requantize.h"
#include "portable/integers.h"

struct mcugen_take_sum_params {
    int32_t outer, rows, columns;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;
};

/* The terms of one place. */
struct mcugen_terms {
    const int32_t *first;
    int32_t count;
};

MCUGEN_KERNEL struct mcugen_terms mcugen_terms_of(const int32_t *starts, const int32_t *terms, int32_t place)
{
    const struct mcugen_terms found = {terms + starts[place], starts[place + 1] - starts[place]};
    return found;
}

MCUGEN_KERNEL int32_t mcugen_term_sum(const int8_t *input, int32_t bytes, struct mcugen_terms rows,
                                      struct mcugen_terms columns)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < rows.count; i++) {
        const int8_t *const line = input + bytes * rows.first[i];
        for (int32_t j = 0; j < columns.count; j++) {
            sum += (int32_t)mcugen_load_integer(line + bytes * columns.first[j], bytes);
        }
    }
    return sum;
}

/* bytes: of an element, 1 or 2. */
MCUGEN_KERNEL void mcugen_take_sum(const struct mcugen_take_sum_params *params, const int8_t *input,
                                   const int32_t *outer_starts, const int32_t *outer_terms, const int32_t *row_starts,
                                   const int32_t *row_terms, const int32_t *column_starts, const int32_t *column_terms,
                                   int8_t *output, int32_t bytes)
{
    const int32_t least = bytes == 1 ? INT8_MIN : INT16_MIN, most = bytes == 1 ? INT8_MAX : INT16_MAX;
    for (int32_t i = 0; i < params->outer; i++) {
        const struct mcugen_terms outer = mcugen_terms_of(outer_starts, outer_terms, i);
        for (int32_t y = 0; y < params->rows; y++) {
            const struct mcugen_terms rows = mcugen_terms_of(row_starts, row_terms, y);
            for (int32_t x = 0; x < params->columns; x++) {
                const struct mcugen_terms columns = mcugen_terms_of(column_starts, column_terms, x);
                int32_t sum = -params->input_zero_point * outer.count * rows.count * columns.count;
                for (int32_t k = 0; k < outer.count; k++) {
                    sum += mcugen_term_sum(input + bytes * outer.first[k], bytes, rows, columns);
                }
                const int32_t value = mcugen_requantize(sum, params->multiplier, params->shift);
                mcugen_store_integer(output, mcugen_to_integer(value, params->output_zero_point, least, most), bytes);
                output += bytes;
            }
        }
    }
}

#endif
