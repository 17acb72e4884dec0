/* TFLM's SVDF: the integers of mcugen/graph/ops/recurrent/svdf.py. The state is int8, or int16 (`wide`).
 *
 * Weights of the features come by four filters, for each four inputs one word a filter, in the order of layer.h; filters
 * beyond the last have zeros. A library includes this once, behind the definitions that sequence_lstm.h names. */
#ifndef MCUGEN_SVDF_H
#define MCUGEN_SVDF_H

#include "layer.h"

struct mcugen_svdf_params {
    int32_t batch, input_c, filters, memory, rank;
    int32_t input_zero_point, state_zero_point, output_zero_point;
    int32_t feature_multiplier, feature_shift, output_multiplier, output_shift;
};

/* The states of up to four filters after this step: what they had moves up by one, and the newest comes last. */
MCUGEN_KERNEL void mcugen_svdf_features(const struct mcugen_svdf_params *p, const int32_t *sums, int32_t count,
                                        const void *state, void *after, int32_t first, int wide)
{
    for (int32_t f = 0; f < count; f++) {
        const int32_t row = first + f * p->memory, newest = row + p->memory - 1;
        for (int32_t i = row; i < newest; i++) {
            mcugen_store(after, i, mcugen_load(state, i + 1, wide), wide);
        }
        const int32_t value = mcugen_requantize(sums[f], p->feature_multiplier, p->feature_shift);
        const int32_t limited = wide ? mcugen_limit16(value) : mcugen_limit(value, INT8_MIN, INT8_MAX);
        /* 8 bits wrap. */
        mcugen_store(after, newest, limited + p->state_zero_point, wide);
    }
}

/* Scratch: a row of the input in whole quads. */
MCUGEN_KERNEL void mcugen_svdf(const struct mcugen_svdf_params *p, const int8_t *input, const void *state,
                               const int8_t *of_features, const void *of_time, const int32_t *bias, int8_t *output,
                               void *after, int16_t *scratch, int wide, mcugen_recurrent_dot dot)
{
    const int32_t units = p->filters / p->rank;
    for (int32_t n = 0; n < p->batch; n++) {
        const int32_t own = n * p->filters * p->memory;
        const int8_t *weights = of_features;
        mcugen_widen_row(input, n * p->input_c, p->input_c, p->input_zero_point, scratch, 0);
        for (int32_t f = 0; f < p->filters; f += 4) {
            int32_t sums[4] = {0};
            dot(scratch, mcugen_quads(p->input_c), &weights, 4, sums);
            mcugen_svdf_features(p, sums, p->filters - f < 4 ? p->filters - f : 4, state, after, own + f * p->memory,
                                 wide);
        }
        for (int32_t unit = 0; unit < units; unit++) {
            const int32_t span = p->rank * p->memory;
            uint32_t sum = (uint32_t)bias[unit];
            for (int32_t i = unit * span; i < (unit + 1) * span; i++) {
                const int32_t value = mcugen_load(after, own + i, wide) - p->state_zero_point;
                sum += (uint32_t)(value * mcugen_load(of_time, i, wide));
            }
            const int32_t value = mcugen_requantize((int32_t)sum, p->output_multiplier, p->output_shift);
            output[n * units + unit] = mcugen_to_int8(value, p->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
}

#endif

MCUGEN_KERNEL void MCUGEN_RECURRENT(svdf_s8)(const struct mcugen_svdf_params *params, const int8_t *input,
                                             const int8_t *state, const int8_t *of_features, const int8_t *of_time,
                                             const int32_t *bias, int8_t *output, int8_t *after, void *scratch)
{
    mcugen_svdf(params, input, state, of_features, of_time, bias, output, after, (int16_t *)scratch, 0,
                MCUGEN_RECURRENT_DOT);
}

MCUGEN_KERNEL void MCUGEN_RECURRENT(svdf_s16)(const struct mcugen_svdf_params *params, const int8_t *input,
                                              const int16_t *state, const int8_t *of_features, const int16_t *of_time,
                                              const int32_t *bias, int8_t *output, int16_t *after, void *scratch)
{
    mcugen_svdf(params, input, state, of_features, of_time, bias, output, after, (int16_t *)scratch, 1,
                MCUGEN_RECURRENT_DOT);
}

#undef MCUGEN_RECURRENT
#undef MCUGEN_RECURRENT_DOT
