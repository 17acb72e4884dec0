/* Largest, smallest, sum, product, or place of the first largest or smallest of integers of any size, over axes. int8 with a scale
 * are integers, too.
 */
#include "portable/integers.h"
#include "portable/reduction/params.h"
#include "portable/reduction/reduce.h"

MCUGEN_KERNEL int64_t mcugen_reduced(const struct mcugen_reduce_params *params, const int8_t *input)
{
    const int32_t bytes = params->element_bytes, operation = params->operation;
    int64_t found = operation == 2 ? 0 : operation == 5 ? 1 : mcugen_load_integer(input, bytes);
    int32_t place = 0, index = 0;
    MCUGEN_EACH_ELEMENT(params->shape, {
        const int64_t x = mcugen_load_integer(input + offset * bytes, bytes);
        if (operation == 2) {
            found = (int64_t)((uint64_t)found + (uint64_t)x);
        } else if (operation == 5) {
            found = (int64_t)((uint64_t)found * (uint64_t)x);
        } else if (operation == 0 || operation == 3 ? x > found : x < found) {
            found = x;
            place = index;
        }
        index++;
    })
    return operation == 3 || operation == 4 ? place : found;
}

MCUGEN_KERNEL void mcugen_reduce_integer(const struct mcugen_reduce_params *params, const int8_t *input, int8_t *output)
{
    MCUGEN_EACH_RESULT(params->shape, {
        const int64_t value = mcugen_reduced(params, input + first * params->element_bytes);
        mcugen_store_integer(output, value, params->output_bytes);
        output += params->output_bytes;
    })
}
