/* Any function of one element, through a table: sixteen gathered at a time; output may be the input. */
#include "mve/vectors.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_mve_lookup_s8(const struct mcugen_lookup_params *params, const int8_t *input,
                                        const int8_t *table, int8_t *output)
{
    for (int32_t left = params->elements / 16; left > 0; left--) {
        vstrbq_s8(output, vldrbq_gather_offset_s8(table, vldrbq_u8((const uint8_t *)input)));
        input += 16;
        output += 16;
    }
    if (params->elements % 16 != 0) {
        const mve_pred16_t tail = vctp8q((uint32_t)(params->elements % 16));
        const uint8x16_t elements = vldrbq_z_u8((const uint8_t *)input, tail);
        vstrbq_p_s8(output, vldrbq_gather_offset_s8(table, elements), tail);
    }
}
