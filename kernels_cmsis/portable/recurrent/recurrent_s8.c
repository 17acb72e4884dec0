/* Recurrent layers on any CPU. The kernels with `_given_` start from an initial state. */
#include "cells.h"

MCUGEN_KERNEL void mcugen_recurrent_dot_portable(const int16_t *values, int32_t quads, const int8_t **weights,
                                                 int gates, int32_t *sums)
{
    const int8_t *w = *weights;
    for (; quads > 0; quads--) {
#pragma GCC unroll 4
        for (int g = 0; g < gates; g++) {
            sums[g] += w[0] * values[0] + w[2] * values[1] + w[1] * values[2] + w[3] * values[3];
            w += 4;
        }
        values += 4;
    }
    *weights = w;
}

MCUGEN_KERNEL void mcugen_lstm_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                  const int8_t *weights, const int32_t *scales, const int16_t *table, int8_t *output,
                                  void *scratch)
{
    mcugen_recurrent_layer(params, input, NULL, NULL, weights, scales, table, output, (int16_t *)scratch, 1,
                           mcugen_lstm_cell, mcugen_recurrent_dot_portable);
}

MCUGEN_KERNEL void mcugen_lstm_given_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                        const int8_t *hidden, const int8_t *cell, const int8_t *weights,
                                        const int32_t *scales, const int16_t *table, int8_t *output, void *scratch)
{
    mcugen_recurrent_layer(params, input, hidden, cell, weights, scales, table, output, (int16_t *)scratch, 1,
                           mcugen_lstm_cell, mcugen_recurrent_dot_portable);
}

MCUGEN_KERNEL void mcugen_gru_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                 const int8_t *weights, const int32_t *scales, const int16_t *table, int8_t *output,
                                 void *scratch)
{
    mcugen_recurrent_layer(params, input, NULL, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_gru_cell, mcugen_recurrent_dot_portable);
}

MCUGEN_KERNEL void mcugen_gru_given_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                       const int8_t *hidden, const int8_t *weights, const int32_t *scales,
                                       const int16_t *table, int8_t *output, void *scratch)
{
    mcugen_recurrent_layer(params, input, hidden, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_gru_cell, mcugen_recurrent_dot_portable);
}

MCUGEN_KERNEL void mcugen_rnn_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                 const int8_t *weights, const int32_t *scales, const int16_t *table, int8_t *output,
                                 void *scratch)
{
    mcugen_recurrent_layer(params, input, NULL, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_rnn_cell, mcugen_recurrent_dot_portable);
}

MCUGEN_KERNEL void mcugen_rnn_given_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                       const int8_t *hidden, const int8_t *weights, const int32_t *scales,
                                       const int16_t *table, int8_t *output, void *scratch)
{
    mcugen_recurrent_layer(params, input, hidden, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_rnn_cell, mcugen_recurrent_dot_portable);
}
