/* Recurrent layers on dual 16-bit products: a unit's gates are the channels of a block of gemm.h. */
#include "gemm.h"
#include "portable/recurrent/cells.h"

MCUGEN_KERNEL void mcugen_recurrent_quad(const mcugen_word **x, const mcugen_word **w, int gates, int32_t *sums)
{
    uint32_t low, high;
    mcugen_next_pair(x, &low, &high);
    mcugen_dsp_dot_step(low, high, w, gates, sums);
}

MCUGEN_KERNEL void mcugen_recurrent_dot_dsp(const int16_t *values, int32_t quads, const int8_t **weights, int gates,
                                            int32_t *sums)
{
    const mcugen_word *x = (const mcugen_word *)(const void *)values;
    const mcugen_word *w = (const mcugen_word *)(const void *)*weights;
    int32_t left = quads % 4;
    for (const mcugen_word *const end = x + 2 * (quads - left); x != end;) {
        mcugen_recurrent_quad(&x, &w, gates, sums);
        mcugen_recurrent_quad(&x, &w, gates, sums);
        mcugen_recurrent_quad(&x, &w, gates, sums);
        mcugen_recurrent_quad(&x, &w, gates, sums);
    }
    for (; left > 0; left--) {
        mcugen_recurrent_quad(&x, &w, gates, sums);
    }
    *weights = (const int8_t *)(const void *)w;
}

MCUGEN_KERNEL void mcugen_dsp_lstm_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                      const int8_t *weights, const int32_t *scales, const int16_t *table, int8_t *output,
                                      void *scratch)
{
    mcugen_recurrent_layer(params, input, NULL, NULL, weights, scales, table, output, (int16_t *)scratch, 1,
                           mcugen_lstm_cell, mcugen_recurrent_dot_dsp);
}

MCUGEN_KERNEL void mcugen_dsp_lstm_given_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                            const int8_t *hidden, const int8_t *cell, const int8_t *weights,
                                            const int32_t *scales, const int16_t *table, int8_t *output, void *scratch)
{
    mcugen_recurrent_layer(params, input, hidden, cell, weights, scales, table, output, (int16_t *)scratch, 1,
                           mcugen_lstm_cell, mcugen_recurrent_dot_dsp);
}

MCUGEN_KERNEL void mcugen_dsp_gru_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                     const int8_t *weights, const int32_t *scales, const int16_t *table, int8_t *output,
                                     void *scratch)
{
    mcugen_recurrent_layer(params, input, NULL, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_gru_cell, mcugen_recurrent_dot_dsp);
}

MCUGEN_KERNEL void mcugen_dsp_gru_given_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                           const int8_t *hidden, const int8_t *weights, const int32_t *scales,
                                           const int16_t *table, int8_t *output, void *scratch)
{
    mcugen_recurrent_layer(params, input, hidden, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_gru_cell, mcugen_recurrent_dot_dsp);
}

MCUGEN_KERNEL void mcugen_dsp_rnn_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                     const int8_t *weights, const int32_t *scales, const int16_t *table, int8_t *output,
                                     void *scratch)
{
    mcugen_recurrent_layer(params, input, NULL, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_rnn_cell, mcugen_recurrent_dot_dsp);
}

MCUGEN_KERNEL void mcugen_dsp_rnn_given_s8(const struct mcugen_recurrent_params *params, const int8_t *input,
                                           const int8_t *hidden, const int8_t *weights, const int32_t *scales,
                                           const int16_t *table, int8_t *output, void *scratch)
{
    mcugen_recurrent_layer(params, input, hidden, NULL, weights, scales, table, output, (int16_t *)scratch, 0,
                           mcugen_rnn_cell, mcugen_recurrent_dot_dsp);
}
