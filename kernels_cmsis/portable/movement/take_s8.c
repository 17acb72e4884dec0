/* Takes bytes from constant places: eight nested loops write the output in order. Along each of them the place in the
 * input moves by a constant step, or as a table says.
 */
#include "portable/bytes.h"

/* shape: of the loops, innermost last; step: input bytes from one turn to the next, may be 0 or negative;
 * table: where the loop's offsets in input bytes start in `tables`, -1 when it has a step; first: input byte. */
struct mcugen_take_params {
    int32_t shape[8], step[8], table[8];
    int32_t first;
};

/* Input bytes from the start of loop `axis` to its turn `i`. */
MCUGEN_KERNEL int32_t mcugen_take_offset(const struct mcugen_take_params *params, const int32_t *tables, int32_t axis,
                                         int32_t i)
{
    return params->table[axis] < 0 ? i * params->step[axis] : tables[params->table[axis] + i];
}

/* The innermost loop. */
MCUGEN_KERNEL int8_t *mcugen_take_run(const struct mcugen_take_params *params, const int32_t *tables,
                                      const int8_t *input, int8_t *output)
{
    if (params->table[7] < 0 && params->step[7] == 1) {
        return mcugen_copy(output, input, params->shape[7]);
    }
    for (int32_t i = 0; i < params->shape[7]; i++) {
        *output++ = input[mcugen_take_offset(params, tables, 7, i)];
    }
    return output;
}

/* The four innermost loops. */
MCUGEN_KERNEL int8_t *mcugen_take_block(const struct mcugen_take_params *params, const int32_t *tables,
                                        const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[4]; i++) {
        const int8_t *const x = input + mcugen_take_offset(params, tables, 4, i);
        for (int32_t j = 0; j < params->shape[5]; j++) {
            const int8_t *const y = x + mcugen_take_offset(params, tables, 5, j);
            for (int32_t k = 0; k < params->shape[6]; k++) {
                output = mcugen_take_run(params, tables, y + mcugen_take_offset(params, tables, 6, k), output);
            }
        }
    }
    return output;
}

/* offsets: int32_t, as bytes. */
MCUGEN_KERNEL void mcugen_take_s8(const struct mcugen_take_params *params, const int8_t *input, const int8_t *offsets,
                                  int8_t *output)
{
    const int32_t *const tables = (const int32_t *)(const void *)offsets;
    const int32_t *const shape = params->shape;
    for (int32_t i = 0; i < shape[0]; i++) {
        const int8_t *const x = input + params->first + mcugen_take_offset(params, tables, 0, i);
        for (int32_t j = 0; j < shape[1]; j++) {
            const int8_t *const y = x + mcugen_take_offset(params, tables, 1, j);
            for (int32_t k = 0; k < shape[2]; k++) {
                const int8_t *const z = y + mcugen_take_offset(params, tables, 2, k);
                for (int32_t l = 0; l < shape[3]; l++) {
                    output = mcugen_take_block(params, tables, z + mcugen_take_offset(params, tables, 3, l), output);
                }
            }
        }
    }
}

/* Without tables. */
MCUGEN_KERNEL void mcugen_take_steps_s8(const struct mcugen_take_params *params, const int8_t *input, int8_t *output)
{
    mcugen_take_s8(params, input, input, output);
}
