/* The walk over an output that two or three inputs broadcast to.
 *
 * Axes are merged; at most six are left, the innermost last: `shape` of the output; `step0`, `step1` ..., elements of each
 * input from one to the next along each axis, 0 where it is repeated. Elements are read and written in order, so the
 * output may take the place of an input of its own shape.
 */
#ifndef MCUGEN_BROADCAST_H
#define MCUGEN_BROADCAST_H

#include "mcugen_kernels.h"

/* Where a row of an input begins: i, j, k, l, m count along the outer axes. */
#define MCUGEN_ROW(input, step) ((input) + i * (step)[0] + j * (step)[1] + k * (step)[2] + l * (step)[3] + m * (step)[4])

/* Runs `row` for each row (innermost axis); `row0` and `row1` in it are where the inputs' elements begin. */
#define MCUGEN_EACH_ROW(params, input0, input1, row)                                                                   \
    MCUGEN_EACH_PLACE((params)->shape, {                                                                               \
        const __typeof__(*(input0)) *row0 = MCUGEN_ROW(input0, (params)->step0);                                       \
        const __typeof__(*(input1)) *row1 = MCUGEN_ROW(input1, (params)->step1);                                       \
        row;                                                                                                           \
    })

/* The same of three inputs, with `row2`. */
#define MCUGEN_EACH_ROW_OF_THREE(params, input0, input1, input2, row)                                                  \
    MCUGEN_EACH_PLACE((params)->shape, {                                                                               \
        const __typeof__(*(input0)) *row0 = MCUGEN_ROW(input0, (params)->step0);                                       \
        const __typeof__(*(input1)) *row1 = MCUGEN_ROW(input1, (params)->step1);                                       \
        const __typeof__(*(input2)) *row2 = MCUGEN_ROW(input2, (params)->step2);                                       \
        row;                                                                                                           \
    })

#define MCUGEN_EACH_PLACE(shape, place)                                                                                \
    for (int32_t i = 0; i < (shape)[0]; i++) {                                                                         \
        for (int32_t j = 0; j < (shape)[1]; j++) {                                                                     \
            for (int32_t k = 0; k < (shape)[2]; k++) {                                                                 \
                for (int32_t l = 0; l < (shape)[3]; l++) {                                                             \
                    for (int32_t m = 0; m < (shape)[4]; m++)                                                           \
                        place                                                                                          \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
