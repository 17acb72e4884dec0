/* The walk of reductions over any axes: neighbouring axes that are all reduced or all kept are merged to kept, reduced,
 * kept, reduced, kept, reduced, kept. Elements of later results lie above those of earlier ones.
 */
#ifndef MCUGEN_REDUCE_H
#define MCUGEN_REDUCE_H

#include "mcugen_kernels.h"

/* Runs `result` for each result; `first` is the index of its first element. */
#define MCUGEN_EACH_RESULT(shape, result)                                                                              \
    for (int32_t a = 0; a < (shape)[0]; a++) {                                                                         \
        for (int32_t b = 0; b < (shape)[2]; b++) {                                                                     \
            for (int32_t c = 0; c < (shape)[4]; c++) {                                                                 \
                for (int32_t d = 0; d < (shape)[6]; d++) {                                                             \
                    const int32_t outer = (a * (shape)[1] * (shape)[2] + b) * (shape)[3] * (shape)[4] + c;             \
                    const int32_t first = outer * (shape)[5] * (shape)[6] + d;                                         \
                    result;                                                                                            \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Runs `element` for each element of a result; `offset` is its index behind the first. */
#define MCUGEN_EACH_ELEMENT(shape, element)                                                                            \
    for (int32_t i = 0; i < (shape)[1]; i++) {                                                                         \
        for (int32_t j = 0; j < (shape)[3]; j++) {                                                                     \
            int32_t offset = (i * (shape)[2] * (shape)[3] + j) * (shape)[4] * (shape)[5] * (shape)[6];                 \
            for (int32_t k = 0; k < (shape)[5]; k++) {                                                                 \
                element;                                                                                               \
                offset += (shape)[6];                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
