/* Products over axes: a sum of logarithms, in any order, and a sign. The magnitude is the number of thresholds that the sum
 * reaches: rounded once.
 */
#include "portable/reduction/reduce.h"
#include "portable/reduction/thresholds.h"

struct mcugen_product_params {
    int32_t shape[7];
    int32_t input_zero_point, output_zero_point;
};

/* The product of the elements of one result in output steps. logarithms[(uint8_t)x]. */
MCUGEN_KERNEL int32_t mcugen_product_steps(const struct mcugen_product_params *params, const int8_t *input,
                                           const int32_t *logarithms, const int32_t *thresholds)
{
    int32_t sum = 0, negative = 0, zeros = 0;
    MCUGEN_EACH_ELEMENT(params->shape, {
        const int32_t x = input[offset];
        sum += logarithms[(uint8_t)x];
        negative ^= x < params->input_zero_point;
        zeros |= x == params->input_zero_point;
    })
    const int32_t steps = zeros ? 0 : mcugen_reached(thresholds, sum);
    return negative ? -steps : steps;
}

MCUGEN_KERNEL void mcugen_product_s8(const struct mcugen_product_params *params, const int8_t *input,
                                     const int32_t *logarithms, const int32_t *thresholds, int8_t *output)
{
    MCUGEN_EACH_RESULT(params->shape, {
        const int32_t steps = mcugen_product_steps(params, input + first, logarithms, thresholds);
        const int32_t value = steps + params->output_zero_point;
        *output++ = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
    })
}
