/* A monotone function of a sum over axes: of a table's entries (norms), or of squares around their mean (variance,
 * deviation). The result is the number of thresholds that the sum reaches: rounded once, whatever the function.
 */
#include "portable/reduction/reduce.h"
#include "portable/reduction/thresholds.h"

/* count: elements of a result; centered: the sum is (count * sum of entries - (sum of elements) ** 2) >> shift. */
struct mcugen_moment_params {
    int32_t shape[7];
    int32_t count, centered, shift;
};

/* values[(uint8_t)x]. */
MCUGEN_KERNEL int32_t mcugen_moment_sum(const struct mcugen_moment_params *params, const int8_t *input,
                                        const int32_t *values)
{
    int32_t sum = 0, elements = 0;
    MCUGEN_EACH_ELEMENT(params->shape, {
        const int8_t x = input[offset];
        sum += values[(uint8_t)x];
        elements += x;
    })
    if (!params->centered) {
        return sum;
    }
    return (int32_t)(((int64_t)params->count * sum - (int64_t)elements * elements) >> params->shift);
}

MCUGEN_KERNEL void mcugen_moment_s8(const struct mcugen_moment_params *params, const int8_t *input,
                                    const int32_t *values, const int32_t *thresholds, int8_t *output)
{
    MCUGEN_EACH_RESULT(params->shape, {
        const int32_t sum = mcugen_moment_sum(params, input + first, values);
        *output++ = (int8_t)(mcugen_reached(thresholds, sum) - 128);
    })
}
