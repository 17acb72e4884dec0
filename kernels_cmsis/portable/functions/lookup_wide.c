/* Plain integers of 2, 4 or 8 bytes as a function of one int8 element, through a table: table[(uint8_t)x]. */
#include "mcugen_kernels.h"

struct mcugen_lookup_wide_params {
    int32_t elements, element_bytes;
};

MCUGEN_KERNEL void mcugen_lookup_wide(const struct mcugen_lookup_wide_params *params, const int8_t *input,
                                      const int8_t *table, int8_t *output)
{
    const int32_t bytes = params->element_bytes;
    for (int32_t i = 0; i < params->elements; i++) {
        memcpy(output + i * bytes, table + (uint8_t)input[i] * bytes, (uint32_t)bytes);
    }
}
