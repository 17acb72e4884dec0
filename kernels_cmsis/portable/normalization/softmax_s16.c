/* Softmax over rows of int16, the bits of TFLM: exponentials and the reciprocal of their sum by interpolation.
 *
 * A row's exponentials lie in its outputs until they are scaled; each is written after its input has been read, so the
 * output may be the input. */
#include "mcugen_requantize.h"
#include "portable/interpolation.h"

/* multiplier, shift: from differences of inputs to steps of 10 / 65535. */
struct mcugen_softmax_s16_params {
    int32_t rows, row_elements;
    int32_t multiplier, shift;
};

/* exp of a difference below 0 or 0, in Q0.15. */
MCUGEN_KERNEL int32_t mcugen_wide_exponential(const struct mcugen_softmax_s16_params *params, int32_t difference,
                                              const int16_t *exponentials)
{
    const int32_t scaled = mcugen_requantize(difference, params->multiplier, params->shift);
    return mcugen_interpolate(scaled < -65535 ? INT16_MIN : scaled + INT16_MAX, exponentials);
}

MCUGEN_KERNEL void mcugen_softmax_row_s16(const struct mcugen_softmax_s16_params *params, const int16_t *input,
                                          const int16_t *exponentials, const int16_t *reciprocals, int16_t *output)
{
    int32_t largest = INT16_MIN;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0; /* Q16.15 */
    for (int32_t i = 0; i < params->row_elements; i++) {
        const int32_t value = mcugen_wide_exponential(params, input[i] - largest, exponentials);
        output[i] = (int16_t)value;
        sum += value;
    }
    /* Normalised to [1, 2): the largest exponential is 2**15 - 1, so that the sum has 15 bits or more. */
    int32_t zeros = 1;
    while (((uint32_t)sum << zeros & UINT32_C(0x80000000)) == 0u) {
        zeros++;
    }
    const int32_t normalised = (int32_t)((((uint32_t)sum << (zeros - 1)) + (1u << 13)) >> 14);
    const int32_t centred = normalised - (3 << 15);
    const int32_t reciprocal = mcugen_interpolate(centred > INT16_MAX ? INT16_MAX : centred, reciprocals);
    const int32_t right = 31 - zeros;
    for (int32_t i = 0; i < params->row_elements; i++) {
        const int32_t share = (output[i] * reciprocal + (1 << (right - 1))) >> right;
        output[i] = (int16_t)(share > INT16_MAX ? INT16_MAX : share);
    }
}

MCUGEN_KERNEL void mcugen_softmax_s16(const struct mcugen_softmax_s16_params *params, const int16_t *input,
                                      const int16_t *exponentials, const int16_t *reciprocals, int16_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_softmax_row_s16(params, input, exponentials, reciprocals, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
