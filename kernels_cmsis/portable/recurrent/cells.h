/* One step of each kind of cell. Integers and roundings as in mcugen/graph/ops/recurrent. */
#ifndef MCUGEN_RECURRENT_CELLS_H
#define MCUGEN_RECURRENT_CELLS_H

#include "layer.h"

/* c = f * c + i * g; h = o * tanh(c). */
MCUGEN_KERNEL void mcugen_lstm_cell(const struct mcugen_recurrent_params *p, const int8_t *weights,
                                    const int32_t *scales, const int16_t *table, struct mcugen_recurrent_state *state,
                                    mcugen_recurrent_dot dot)
{
    int16_t *const values = p->projected ? state->values : state->next;
    for (int32_t unit = 0; unit < p->units; unit++) {
        int32_t of_input[4] = {0}, of_state[4] = {0}, gate[4];
        dot(state->input, mcugen_quads(p->input_c), &weights, 4, of_input);
        dot(state->hidden, mcugen_quads(p->state_c), &weights, 4, of_state);
#pragma GCC unroll 4
        for (int g = 0; g < 4; g++) {
            const int32_t x = mcugen_gate_input(of_input[g], of_state[g], scales + 3 * g, scales[3 * g + 2]);
            gate[g] = mcugen_table_sigmoid(x, g == 2 ? p->precision - 1 : p->precision, table);
        }
        scales += 12;
        const int64_t kept = (int64_t)state->cell[unit] * (gate[1] + 32768);
        const int64_t added = (int64_t)(2 * (gate[0] + 32768)) * gate[2];
        const int32_t cell = (int32_t)((kept + added + 32768) >> 16);
        state->cell[unit] = cell;
        const int32_t value = mcugen_nearest((gate[3] + 32768) * mcugen_table_sigmoid(cell, 15, table), 16);
        values[unit] = (int16_t)(p->projected ? value : mcugen_nearest(value, 15 - p->state_bits));
    }
    if (p->projected) {
        mcugen_recurrent_project(p, weights, scales, state, dot);
    }
}

/* n = tanh(x part + r * (h part)); h = (1 - z) * n + z * h. A second bias belongs to the h part of n. */
MCUGEN_KERNEL void mcugen_gru_cell(const struct mcugen_recurrent_params *p, const int8_t *weights,
                                   const int32_t *scales, const int16_t *table, struct mcugen_recurrent_state *state,
                                   mcugen_recurrent_dot dot)
{
    for (int32_t unit = 0; unit < p->units; unit++) {
        int32_t of_input[3] = {0}, of_state[3] = {0}, gate[2];
        dot(state->input, mcugen_quads(p->input_c), &weights, 3, of_input);
        dot(state->hidden, mcugen_quads(p->state_c), &weights, 3, of_state);
#pragma GCC unroll 2
        for (int g = 0; g < 2; g++) {
            const int32_t x = mcugen_gate_input(of_input[g], of_state[g], scales + 3 * g, scales[3 * g + 2]);
            gate[g] = mcugen_table_sigmoid(x, p->precision, table) + 32768;
        }
        const int32_t of_x = mcugen_gate_input(of_input[2], 0, scales + 6, scales[8]);
        const int32_t of_h = mcugen_gate_input(0, of_state[2], scales + 6, scales[9]);
        scales += 10;
        const int32_t inner = of_x + mcugen_nearest_of_product(of_h, gate[0]);
        const int32_t candidate = mcugen_table_sigmoid(inner, p->precision - 1, table);
        const int32_t fresh = (65536 - gate[1]) * mcugen_nearest(candidate, 15 - p->state_bits);
        state->next[unit] = (int16_t)mcugen_nearest(fresh + gate[1] * state->hidden[unit], 16);
    }
}

/* h = tanh(x part + h part), or ReLU. */
MCUGEN_KERNEL void mcugen_rnn_cell(const struct mcugen_recurrent_params *p, const int8_t *weights,
                                   const int32_t *scales, const int16_t *table, struct mcugen_recurrent_state *state,
                                   mcugen_recurrent_dot dot)
{
    for (int32_t unit = 0; unit < p->units; unit++) {
        int32_t of_input = 0, of_state = 0, value;
        dot(state->input, mcugen_quads(p->input_c), &weights, 1, &of_input);
        dot(state->hidden, mcugen_quads(p->state_c), &weights, 1, &of_state);
        const int32_t x = mcugen_gate_input(of_input, of_state, scales, scales[2]);
        scales += 3;
        if (!p->relu) {
            value = mcugen_nearest(mcugen_table_sigmoid(x, p->precision - 1, table), 15 - p->state_bits);
        } else if (p->precision >= p->state_bits) {
            value = mcugen_limit(mcugen_nearest(x, p->precision - p->state_bits), 0, INT16_MAX);
        } else {
            const int32_t shift = p->state_bits - p->precision;
            value = x > INT16_MAX >> shift ? INT16_MAX : x < 0 ? 0 : x * (1 << shift);
        }
        state->next[unit] = (int16_t)value;
    }
}

#endif
