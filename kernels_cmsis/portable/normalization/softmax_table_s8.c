/* Softmax over many rows: the bits of softmax_s8.c, with exponentials from a table. The output may be the input. */
#include "params.h"
#include "softmax_table.h"

MCUGEN_KERNEL void mcugen_softmax_table_s8(const struct mcugen_softmax_table_params *params, const int8_t *input,
                                           const int32_t *exponentials, int8_t *output)
{
    const struct mcugen_softmax_row row = {params->row_elements, params->most_below, params->share_bits, 0, 0, 0};
    for (int32_t i = 0; i < params->rows; i++) {
        mcugen_softmax_table_row(&row, input, NULL, exponentials, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
