/* Values at places that are known at run time; ids are not negative and inside the axis. */
#include "portable/bytes.h"
#include "portable/integers.h"

/* outer, size, inner: elements of the data before, along and behind the axis; count: ids, for each outer element where ids
 * have one for every output.
 */
struct mcugen_gather_params {
    int32_t outer, size, inner, count;
    int32_t element_bytes, id_bytes;
};

/* The same ids for all. */
MCUGEN_KERNEL void mcugen_gather(const struct mcugen_gather_params *params, const int8_t *ids, const int8_t *data,
                                 int8_t *output)
{
    const int32_t row_bytes = params->inner * params->element_bytes;
    for (int32_t i = 0; i < params->outer; i++) {
        for (int32_t j = 0; j < params->count; j++) {
            const int32_t row = (int32_t)mcugen_load_integer(ids + j * params->id_bytes, params->id_bytes);
            output = mcugen_copy(output, data + row * row_bytes, row_bytes);
        }
        data += params->size * row_bytes;
    }
}

/* An id for each output. */
MCUGEN_KERNEL void mcugen_gather_elements(const struct mcugen_gather_params *params, const int8_t *ids,
                                          const int8_t *data, int8_t *output)
{
    const int32_t row_bytes = params->inner * params->element_bytes;
    for (int32_t i = 0; i < params->outer; i++) {
        for (int32_t j = 0; j < params->count; j++) {
            for (int32_t at = 0; at < row_bytes; at += params->element_bytes) {
                const int32_t row = (int32_t)mcugen_load_integer(ids, params->id_bytes);
                memcpy(output, data + row * row_bytes + at, (uint32_t)params->element_bytes);
                output += params->element_bytes;
                ids += params->id_bytes;
            }
        }
        data += params->size * row_bytes;
    }
}
