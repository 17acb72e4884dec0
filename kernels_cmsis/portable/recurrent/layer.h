/* One direction of a recurrent layer: the loop over time around a cell (cells.h).
 *
 * Inputs and hidden states are int16, four at a time ("quads"; beyond the depth both they and their weights are zero).
 * Weights come unit by unit: for each four inputs one word a gate, then for each four hidden states. The bytes of a word
 * belong to the inputs 0, 2, 1, 3, so that SXTB16 gives the pairs (0, 1) and (2, 3). `scales` has for each gate of a unit
 * two Q32 multipliers and the bias in the gate input's fractional bits.
 */
#ifndef MCUGEN_RECURRENT_LAYER_H
#define MCUGEN_RECURRENT_LAYER_H

#include "values.h"

/* Steps are in elements from one point in time, or one sequence of the batch, to the next; backwards they are negative.
 * precision: fractional bits of gate inputs. state_bits: of hidden states. projected: 1 when the stream goes on with the
 * rows of a projection, whose multipliers follow in `scales`. output_*: of the sequence. */
struct mcugen_recurrent_params {
    int32_t steps, batch;
    int32_t input_first, input_step, input_batch;
    int32_t output_first, output_step, output_batch;
    int32_t input_c, units, state_c;
    int32_t input_zero_point;
    int32_t precision, state_bits, projected, relu;
    int32_t output_multiplier, output_shift, output_zero_point;
};

/* What a layer starts from, and what it leaves: rows of hidden states and cells, one for each sequence of the batch, in
 * the layer's own fractional bits. NULL: zeros, or not wanted. */
struct mcugen_recurrent_initial {
    const int16_t *hidden;
    const int32_t *cell;
};
struct mcugen_recurrent_results {
    void *sequence;
    int16_t *hidden;
    int32_t *cell;
};

/* Memory between steps. Rows of int16 have whole quads, zero beyond their depth. */
struct mcugen_recurrent_state {
    int16_t *input, *hidden, *next, *values;
    int32_t *cell;
};

/* Adds the products of `quads` quads with the next words of `gates` rows. */
typedef void (*mcugen_recurrent_dot)(const int16_t *values, int32_t quads, const int8_t **weights, int gates,
                                     int32_t *sums);

/* Limits to 0 ... 2**bits - 1. */
MCUGEN_KERNEL int32_t mcugen_limit_to_bits(int32_t x, int32_t bits)
{
#if defined(__ARM_FEATURE_SAT)
    /* The instruction takes a constant; these are the usual ones. */
    if (bits == 21) {
        __asm__("usat %0, #21, %1" : "=r"(x) : "r"(x));
        return x;
    }
    if (bits == 20) {
        __asm__("usat %0, #20, %1" : "=r"(x) : "r"(x));
        return x;
    }
#endif
    const int32_t most = (INT32_C(1) << bits) - 1;
    return x < 0 ? 0 : x > most ? most : x;
}

/* 65536 * sigmoid(x) - 32768 = 32768 * tanh(x / 2), x with `precision` fractional bits; the table has steps of 1/32. */
MCUGEN_KERNEL int32_t mcugen_table_sigmoid(int32_t x, int32_t precision, const int16_t *table)
{
    const int32_t bits = precision - 5;
    const int32_t place = mcugen_limit_to_bits(x + (INT32_C(16) << precision), precision + 5);
    const int16_t *const entry = table + (place >> bits);
    const int32_t part = place & ((INT32_C(1) << bits) - 1), first = entry[0];
    return first + (((entry[1] - first) * part + (INT32_C(1) << bits >> 1)) >> bits);
}

/* (input products * multiplier + state products * multiplier) / 2**32 + bias, rounded once. */
MCUGEN_KERNEL int32_t mcugen_gate_input(int32_t of_input, int32_t of_state, const int32_t *scales, int32_t bias)
{
    uint64_t sum = (uint64_t)(uint32_t)bias << 32 | UINT32_C(0x80000000);
    sum += (uint64_t)((int64_t)of_input * scales[0]);
    sum += (uint64_t)((int64_t)of_state * scales[1]);
    return (int32_t)(uint32_t)(sum >> 32);
}

/* x / 2**bits to nearest, ties up. */
MCUGEN_KERNEL int32_t mcugen_nearest(int32_t x, int32_t bits)
{
    return (x + (INT32_C(1) << bits >> 1)) >> bits;
}

MCUGEN_KERNEL int32_t mcugen_nearest_of_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + 32768) >> 16);
}

/* The states of sequence n before its first step. */
MCUGEN_KERNEL void mcugen_recurrent_begin(const struct mcugen_recurrent_params *p, int32_t n,
                                          struct mcugen_recurrent_initial initial, struct mcugen_recurrent_state *state)
{
    for (int32_t i = 0; i < 4 * mcugen_quads(p->state_c); i++) {
        state->hidden[i] = 0;
        state->next[i] = 0;
    }
    for (int32_t i = 0; i < 4 * mcugen_quads(p->input_c); i++) {
        state->input[i] = 0;
    }
    if (p->projected) {
        for (int32_t i = 0; i < 4 * mcugen_quads(p->units); i++) {
            state->values[i] = 0;
        }
    }
    for (int32_t i = 0; i < p->state_c && initial.hidden != NULL; i++) {
        state->hidden[i] = initial.hidden[n * p->state_c + i];
    }
    for (int32_t i = 0; i < p->units && state->cell != NULL; i++) {
        /* From here on a layer's steps cannot leave 32 bits. */
        const int32_t most = INT32_C(1) << 30;
        state->cell[i] = initial.cell == NULL ? 0 : mcugen_limit(initial.cell[n * p->units + i], -most, most);
    }
}

/* state->next = the projection of state->values. */
MCUGEN_KERNEL void mcugen_recurrent_project(const struct mcugen_recurrent_params *p, const int8_t *weights,
                                            const int32_t *multipliers, struct mcugen_recurrent_state *state,
                                            mcugen_recurrent_dot dot)
{
    for (int32_t i = 0; i < p->state_c; i++) {
        int32_t sum = 0;
        dot(state->values, mcugen_quads(p->units), &weights, 1, &sum);
        const int32_t value = (int32_t)(((int64_t)sum * multipliers[i] + INT64_C(0x80000000)) >> 32);
        state->next[i] = (int16_t)mcugen_limit(value, INT16_MIN, INT16_MAX);
    }
}

/* What a cell does in one step with state->input and state->hidden: state->next, and how far it read both streams. */
typedef void (*mcugen_recurrent_cell)(const struct mcugen_recurrent_params *p, const int8_t *weights,
                                      const int32_t *scales, const int16_t *table, struct mcugen_recurrent_state *state,
                                      mcugen_recurrent_dot dot);

/* wide: 1 when the input and the sequence are int16, else they are int8. */
MCUGEN_KERNEL void mcugen_recurrent_layer(const struct mcugen_recurrent_params *p, const void *input,
                                          struct mcugen_recurrent_initial initial, const int8_t *weights,
                                          const int32_t *scales, const int16_t *table,
                                          struct mcugen_recurrent_results results, int16_t *scratch, int has_cell,
                                          int wide, mcugen_recurrent_cell step, mcugen_recurrent_dot dot)
{
    const int32_t width = 4 * mcugen_quads(p->state_c), value_width = p->projected ? 4 * mcugen_quads(p->units) : 0;
    struct mcugen_recurrent_state state;
    state.cell = has_cell ? (int32_t *)(void *)scratch : NULL;
    state.hidden = has_cell ? scratch + 2 * p->units : scratch;
    state.next = state.hidden + width;
    state.values = state.next + width;
    state.input = state.values + value_width;
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t from = n * p->input_batch + p->input_first, to = n * p->output_batch + p->output_first;
        mcugen_recurrent_begin(p, n, initial, &state);
        for (int32_t t = 0; t < p->steps; t++) {
            for (int32_t i = 0; i < p->input_c; i++) {
                const int32_t value = mcugen_load(input, from + i, wide) - p->input_zero_point;
                state.input[i] = (int16_t)(wide ? value : value * 128);
            }
            step(p, weights, scales, table, &state, dot);
            for (int32_t i = 0; i < p->state_c && results.sequence != NULL; i++) {
                const int32_t value = mcugen_requantize(state.next[i], p->output_multiplier, p->output_shift);
                mcugen_store(results.sequence, to + i,
                             wide ? mcugen_limit16(value)
                                  : mcugen_to_int8(value, p->output_zero_point, INT8_MIN, INT8_MAX),
                             wide);
            }
            int16_t *const last = state.hidden;
            state.hidden = state.next;
            state.next = last;
            from += p->input_step;
            to += p->output_step;
        }
        for (int32_t i = 0; i < p->state_c && results.hidden != NULL; i++) {
            results.hidden[n * p->state_c + i] = state.hidden[i];
        }
        for (int32_t i = 0; i < p->units && results.cell != NULL; i++) {
            results.cell[n * p->units + i] = state.cell[i];
        }
    }
}

#endif
