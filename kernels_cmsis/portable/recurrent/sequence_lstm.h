/* TFLM's UNIDIRECTIONAL_SEQUENCE_LSTM: the integers of
 * mcugen/graph/ops/recurrent/unidirectional_sequence_lstm.py, with weights in the order of layer.h.
 *
 * Activations are int8, or int16 (`wide`), whose sums have 64 bits. A library includes this once, behind definitions of
 *
 *   MCUGEN_RECURRENT(name)   a kernel's name in the library
 *   MCUGEN_RECURRENT_DOT     its mcugen_recurrent_dot
 *
 * at the end of the file. */
#ifndef MCUGEN_SEQUENCE_LSTM_H
#define MCUGEN_SEQUENCE_LSTM_H

#include "layer.h"

/* Steps are in elements, as in layer.h. For each gate: (multiplier, shift) of mcugen_requantize, or the factor and bits
 * of 64-bit sums. cell_exponent: log2 of the cell's scale. most_cell: the largest magnitude of a cell. */
struct mcugen_sequence_lstm_params {
    int32_t steps, batch;
    int32_t input_step, input_batch, output_step, output_batch;
    int32_t input_c, units;
    int32_t input_zero_point, hidden_zero_point;
    int32_t input_multiplier[4], input_shift[4], hidden_multiplier[4], hidden_shift[4];
    int32_t kept_multiplier, kept_shift, added_multiplier, added_shift, shown_multiplier, shown_shift;
    int32_t cell_exponent, least_cell, most_cell;
};

/* Between the values of 256 places, with `bits` more fractional bits; `beyond` from the last place on. */
MCUGEN_KERNEL int32_t mcugen_sigmoid_place(int32_t magnitude, int32_t bits, int32_t beyond, const uint16_t *table)
{
    const int32_t place = magnitude >> bits, part = magnitude & ((INT32_C(1) << bits) - 1);
    if (place >= 255) {
        return beyond;
    }
    const int32_t first = table[place];
    return first * (INT32_C(1) << bits) + part * (table[place + 1] - first);
}

/* 32768 * sigmoid(x), of 3 * x with 12 fractional bits; see mcugen/graph/sigmoid_table.py. */
MCUGEN_KERNEL int32_t mcugen_sigmoid_int16(int32_t thirds, const uint16_t *table)
{
    const int32_t value = mcugen_sigmoid_place(thirds < 0 ? -thirds : thirds, 9, INT32_C(0x7FFF) << 10, table);
    return (thirds >= 0 ? value + 512 : (INT32_C(1) << 25) - value + 511) >> 10;
}

/* 32768 * tanh(x), argument as above. */
MCUGEN_KERNEL int32_t mcugen_tanh_int16(int32_t thirds, const uint16_t *table)
{
    const int32_t half = INT32_C(1) << 23;
    const int32_t value = mcugen_sigmoid_place(thirds < 0 ? -thirds : thirds, 8, INT32_C(0xFFFF) << 8, table) - half;
    return (thirds >= 0 ? value + 128 : -value + 127) >> 8;
}

MCUGEN_KERNEL int32_t mcugen_thirds_of_cell(int32_t cell, int32_t exponent)
{
    const int32_t shift = 12 + exponent;
    return shift >= 0 ? cell * (3 * (INT32_C(1) << (shift < 0 ? 0 : shift))) : mcugen_nearest(3 * cell, -shift);
}

/* The gates' sums over a row of quads. Those of 504 int16 and int8 fit 32 bits; of int8 widened all do. */
MCUGEN_KERNEL void mcugen_gate_sums(const int16_t *row, int32_t quads, const int8_t **weights, int64_t *sums, int wide,
                                    mcugen_recurrent_dot dot)
{
    const int32_t most = wide ? 126 : quads;
    for (int32_t g = 0; g < 4; g++) {
        sums[g] = 0;
    }
    for (int32_t first = 0; first < quads; first += most) {
        int32_t part[4] = {0};
        dot(row + 4 * first, quads - first < most ? quads - first : most, weights, 4, part);
        for (int32_t g = 0; g < 4; g++) {
            sums[g] += part[g];
        }
    }
}

MCUGEN_KERNEL int32_t mcugen_gate_part(int64_t sum, int32_t multiplier, int32_t shift, int wide)
{
    if (wide) {
        const int64_t value = (sum * multiplier + (INT64_C(1) << (shift - 1))) >> shift;
        return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : (int32_t)value;
    }
    return mcugen_limit16(mcugen_requantize((int32_t)sum, multiplier, shift));
}

/* One step of one sequence: the cells, and the new hidden values at `sequence`. */
MCUGEN_KERNEL void mcugen_sequence_lstm_step(const struct mcugen_sequence_lstm_params *p, const int8_t *weights,
                                             const void *bias, const uint16_t *table, const int16_t *input,
                                             const int16_t *hidden, int16_t *cell, void *sequence, int32_t to, int wide,
                                             mcugen_recurrent_dot dot)
{
    for (int32_t unit = 0; unit < p->units; unit++) {
        int64_t of_input[4], of_hidden[4];
        int32_t gate[4];
        mcugen_gate_sums(input, mcugen_quads(p->input_c), &weights, of_input, wide, dot);
        mcugen_gate_sums(hidden, mcugen_quads(p->units), &weights, of_hidden, wide, dot);
#pragma GCC unroll 4
        for (int32_t g = 0; g < 4; g++) {
            const int32_t row = g * p->units + unit;
            of_input[g] += wide ? ((const int64_t *)bias)[row] : ((const int32_t *)bias)[row];
            const int32_t x = mcugen_gate_part(of_input[g], p->input_multiplier[g], p->input_shift[g], wide);
            const int32_t h = mcugen_gate_part(of_hidden[g], p->hidden_multiplier[g], p->hidden_shift[g], wide);
            const int32_t thirds = 3 * mcugen_limit16(x + h);
            gate[g] = g == 2 ? mcugen_tanh_int16(thirds, table) : mcugen_sigmoid_int16(thirds, table);
        }
        const int32_t kept = mcugen_requantize(gate[1] * cell[unit], p->kept_multiplier, p->kept_shift);
        const int32_t added = mcugen_requantize(gate[0] * gate[2], p->added_multiplier, p->added_shift);
        const int32_t sum = mcugen_limit16(mcugen_limit16(kept) + mcugen_limit16(added));
        cell[unit] = (int16_t)mcugen_limit(sum, p->least_cell, p->most_cell);
        const int32_t seen = mcugen_tanh_int16(mcugen_thirds_of_cell(cell[unit], p->cell_exponent), table);
        const int32_t value = mcugen_requantize(gate[3] * seen, p->shown_multiplier, p->shown_shift);
        const int32_t shown = wide ? mcugen_limit16(value) : mcugen_to_int8(value, p->hidden_zero_point, -128, 127);
        mcugen_store(sequence, to + unit, shown, wide);
    }
}

/* Scratch: a row of the input and a row of the hidden state, in whole quads. */
MCUGEN_KERNEL void mcugen_sequence_lstm(const struct mcugen_sequence_lstm_params *p, const void *input,
                                        const void *hidden, const int16_t *cell, const int8_t *weights,
                                        const void *bias, const uint16_t *table, void *sequence, void *last_hidden,
                                        int16_t *last_cell, int16_t *scratch, int wide, mcugen_recurrent_dot dot)
{
    int16_t *const x = scratch, *const h = scratch + 4 * mcugen_quads(p->input_c);
    for (int32_t n = 0; n < p->batch; n++) {
        const int32_t row = n * p->units;
        int32_t from = n * p->input_batch, to = n * p->output_batch;
        for (int32_t unit = 0; unit < p->units; unit++) {
            last_cell[row + unit] = cell[row + unit];
        }
        mcugen_widen_row(hidden, row, p->units, p->hidden_zero_point, h, wide);
        for (int32_t t = 0; t < p->steps; t++) {
            mcugen_widen_row(input, from, p->input_c, p->input_zero_point, x, wide);
            mcugen_sequence_lstm_step(p, weights, bias, table, x, h, last_cell + row, sequence, to, wide, dot);
            mcugen_widen_row(sequence, to, p->units, p->hidden_zero_point, h, wide);
            from += p->input_step;
            to += p->output_step;
        }
        for (int32_t unit = 0; unit < p->units; unit++) {
            mcugen_store(last_hidden, row + unit, h[unit] + p->hidden_zero_point, wide);
        }
    }
}

#endif

MCUGEN_KERNEL void MCUGEN_RECURRENT(sequence_lstm_s8)(const struct mcugen_sequence_lstm_params *params,
                                                      const int8_t *input, const int8_t *hidden, const int16_t *cell,
                                                      const int8_t *weights, const int32_t *bias, const uint16_t *table,
                                                      int8_t *sequence, int8_t *last_hidden, int16_t *last_cell,
                                                      void *scratch)
{
    mcugen_sequence_lstm(params, input, hidden, cell, weights, bias, table, sequence, last_hidden, last_cell,
                         (int16_t *)scratch, 0, MCUGEN_RECURRENT_DOT);
}

MCUGEN_KERNEL void MCUGEN_RECURRENT(sequence_lstm_s16)(const struct mcugen_sequence_lstm_params *params,
                                                       const int16_t *input, const int16_t *hidden, const int16_t *cell,
                                                       const int8_t *weights, const int64_t *bias,
                                                       const uint16_t *table, int16_t *sequence, int16_t *last_hidden,
                                                       int16_t *last_cell, void *scratch)
{
    mcugen_sequence_lstm(params, input, hidden, cell, weights, bias, table, sequence, last_hidden, last_cell,
                         (int16_t *)scratch, 1, MCUGEN_RECURRENT_DOT);
}

#undef MCUGEN_RECURRENT
#undef MCUGEN_RECURRENT_DOT
