/* The kernels of one library on one type of activations, which includes this once for each type, behind definitions of
 *
 *   MCUGEN_RECURRENT(name)   a kernel's name in the library
 *   MCUGEN_RECURRENT_DOT     its mcugen_recurrent_dot
 *   MCUGEN_RECURRENT_WIDE    1: input and sequence are int16; 0: int8
 *
 * A name is made of the kind of layer, the type, `given` where it starts from an initial state, and its results in order:
 * lstm_s8_given_sequence_hidden_cell. No include guard: each library has its own. */
#include "cells.h"

#define MCUGEN_LIST(...) __VA_ARGS__

#if MCUGEN_RECURRENT_WIDE
#define MCUGEN_RECURRENT_VALUE int16_t
#else
#define MCUGEN_RECURRENT_VALUE int8_t
#endif

#define MCUGEN_RECURRENT_KERNEL(name, kind, has_cell, initial_parameters, initial, result_parameters, ...)             \
    MCUGEN_KERNEL void MCUGEN_RECURRENT(name)(const struct mcugen_recurrent_params *params,                            \
                                              const MCUGEN_RECURRENT_VALUE *input,                                     \
                                              MCUGEN_LIST initial_parameters const int8_t *weights,                    \
                                              const int32_t *scales, const int16_t *table,                             \
                                              MCUGEN_LIST result_parameters void *scratch)                             \
    {                                                                                                                  \
        const struct mcugen_recurrent_initial start = {MCUGEN_LIST initial};                                           \
        const struct mcugen_recurrent_results results = {__VA_ARGS__};                                                 \
        mcugen_recurrent_layer(params, input, start, weights, scales, table, results, (int16_t *)scratch, has_cell,    \
                               MCUGEN_RECURRENT_WIDE, mcugen_##kind##_cell, MCUGEN_RECURRENT_DOT);                                            \
    }

#define MCUGEN_RECURRENT_HIDDEN(prefix, kind, has_cell, parameters, initial)                                           \
    MCUGEN_RECURRENT_KERNEL(prefix##_sequence, kind, has_cell, parameters, initial, (MCUGEN_RECURRENT_VALUE *sequence, ),              \
                            sequence, NULL, NULL)                                                                      \
    MCUGEN_RECURRENT_KERNEL(prefix##_hidden, kind, has_cell, parameters, initial, (int16_t *last, ), NULL, last, NULL) \
    MCUGEN_RECURRENT_KERNEL(prefix##_sequence_hidden, kind, has_cell, parameters, initial,                             \
                            (MCUGEN_RECURRENT_VALUE *sequence, int16_t *last, ), sequence, last, NULL)

#define MCUGEN_RECURRENT_CELL(prefix, kind, parameters, initial)                                                       \
    MCUGEN_RECURRENT_HIDDEN(prefix, kind, 1, parameters, initial)                                                      \
    MCUGEN_RECURRENT_KERNEL(prefix##_cell, kind, 1, parameters, initial, (int32_t *cells, ), NULL, NULL, cells)        \
    MCUGEN_RECURRENT_KERNEL(prefix##_sequence_cell, kind, 1, parameters, initial,                                      \
                            (MCUGEN_RECURRENT_VALUE *sequence, int32_t *cells, ), sequence, NULL, cells)                               \
    MCUGEN_RECURRENT_KERNEL(prefix##_hidden_cell, kind, 1, parameters, initial, (int16_t *last, int32_t *cells, ),     \
                            NULL, last, cells)                                                                         \
    MCUGEN_RECURRENT_KERNEL(prefix##_sequence_hidden_cell, kind, 1, parameters, initial,                               \
                            (MCUGEN_RECURRENT_VALUE *sequence, int16_t *last, int32_t *cells, ), sequence, last, cells)

#if MCUGEN_RECURRENT_WIDE
MCUGEN_RECURRENT_CELL(lstm_s16, lstm, (), (NULL, NULL))
MCUGEN_RECURRENT_CELL(lstm_s16_given, lstm, (const int16_t *hidden, const int32_t *cell, ), (hidden, cell))
MCUGEN_RECURRENT_HIDDEN(gru_s16, gru, 0, (), (NULL, NULL))
MCUGEN_RECURRENT_HIDDEN(gru_s16_given, gru, 0, (const int16_t *hidden, ), (hidden, NULL))
MCUGEN_RECURRENT_HIDDEN(rnn_s16, rnn, 0, (), (NULL, NULL))
MCUGEN_RECURRENT_HIDDEN(rnn_s16_given, rnn, 0, (const int16_t *hidden, ), (hidden, NULL))
#else
MCUGEN_RECURRENT_CELL(lstm_s8, lstm, (), (NULL, NULL))
MCUGEN_RECURRENT_CELL(lstm_s8_given, lstm, (const int16_t *hidden, const int32_t *cell, ), (hidden, cell))
MCUGEN_RECURRENT_HIDDEN(gru_s8, gru, 0, (), (NULL, NULL))
MCUGEN_RECURRENT_HIDDEN(gru_s8_given, gru, 0, (const int16_t *hidden, ), (hidden, NULL))
MCUGEN_RECURRENT_HIDDEN(rnn_s8, rnn, 0, (), (NULL, NULL))
MCUGEN_RECURRENT_HIDDEN(rnn_s8_given, rnn, 0, (const int16_t *hidden, ), (hidden, NULL))
#endif

#undef MCUGEN_RECURRENT
#undef MCUGEN_RECURRENT_WIDE
#undef MCUGEN_RECURRENT_VALUE
#undef MCUGEN_RECURRENT_DOT
#undef MCUGEN_RECURRENT_CELL
#undef MCUGEN_RECURRENT_HIDDEN
#undef MCUGEN_RECURRENT_KERNEL
#undef MCUGEN_LIST
