/* The logistic function and the hyperbolic tangent of int16: the magnitude of the input, in steps of 1 / 12288, looks up a
 * table of sigmoid(i / 24) with 16 fractional bits, interpolated. Output may be the input. */
#include "portable/functions/sigmoid.h"

/* sigmoid * 2**(16 + bits) at `magnitude` / 2**bits places of the table. */
MCUGEN_KERNEL int32_t mcugen_sigmoid_between(const uint16_t *table, int32_t magnitude, int32_t bits)
{
    const int32_t place = magnitude >> bits, rest = magnitude & ((1 << bits) - 1);
    const int32_t here = table[place];
    return (here << bits) + rest * (table[place + 1] - here);
}

MCUGEN_KERNEL int32_t mcugen_logistic_of_steps(const uint16_t *table, int32_t x)
{
    const int32_t magnitude = x < 0 ? -x : x;
    const int32_t value = magnitude >> 9 >= 255 ? 0x7fff << 10 : mcugen_sigmoid_between(table, magnitude, 9);
    return (x < 0 ? (1 << 25) - value + (1 << 9) - 1 : value + (1 << 9)) >> 10;
}

MCUGEN_KERNEL int32_t mcugen_tanh_of_steps(const uint16_t *table, int32_t x)
{
    const int32_t magnitude = x < 0 ? -x : x;
    const int32_t value = magnitude >> 8 >= 255 ? 0xffff << 8 : mcugen_sigmoid_between(table, magnitude, 8);
    return (x < 0 ? (1 << 23) - value + (1 << 7) - 1 : value - (1 << 23) + (1 << 7)) >> 8;
}

MCUGEN_KERNEL void mcugen_sigmoid_s16(const struct mcugen_sigmoid_params *params, const int16_t *input,
                                      const uint16_t *table, int16_t *output)
{
    const int32_t half = (1 << params->shift) >> 1;
    for (int32_t i = 0; i < params->elements; i++) {
        const int32_t x = (input[i] * params->multiplier + half) >> params->shift;
        output[i] = (int16_t)(params->tangent ? mcugen_tanh_of_steps(table, x) : mcugen_logistic_of_steps(table, x));
    }
}
