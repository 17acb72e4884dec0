/* Rows of a table by their indices, whose low bytes come first; indices are not negative and inside the table. */
#include "portable/bytes.h"

/* count: of indices; id_bytes: of each; row_bytes: of a row of the table. */
struct mcugen_embedding_params {
    int32_t count, id_bytes, row_bytes;
};

MCUGEN_KERNEL void mcugen_embedding_s8(const struct mcugen_embedding_params *params, const int8_t *ids,
                                       const int8_t *table, int8_t *output)
{
    const int32_t used = params->id_bytes < 4 ? params->id_bytes : 4;
    for (int32_t i = 0; i < params->count; i++) {
        uint32_t row = 0;
        for (int32_t byte = 0; byte < used; byte++) {
            row |= (uint32_t)(uint8_t)ids[byte] << (8 * byte);
        }
        output = mcugen_copy(output, table + (int32_t)row * params->row_bytes, params->row_bytes);
        ids += params->id_bytes;
    }
}
