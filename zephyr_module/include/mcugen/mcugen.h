/* What every emitted model offers to code that knows no model by name: shells, tests, benchmarks.
 *
 * Each module brings this header and `const struct mcugen_model <name>_model` (declared in <name>.h).
 */
#ifndef MCUGEN_MCUGEN_H
#define MCUGEN_MCUGEN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes of all models. */
#define MCUGEN_OK 0
#define MCUGEN_ERROR_ARGUMENT (-1) /* a pointer is NULL */
#define MCUGEN_ERROR_ARENA (-2)    /* the arena is too small or not aligned */

#define MCUGEN_MAX_RANK 6

/* One input or output: int8, real = scale * (integer - zero_point). */
struct mcugen_tensor {
    const char *name;
    size_t bytes;
    float scale;
    int32_t zero_point;
    int32_t rank;
    int32_t shape[MCUGEN_MAX_RANK]; /* NHWC for images */
};

/* A model in the image. */
struct mcugen_model {
    const char *name;
    const struct mcugen_tensor *inputs, *outputs;
    int32_t input_count, output_count;
    size_t arena_bytes, arena_alignment;
    size_t constant_bytes;
    int64_t macs;
    /* One inference in the caller's arena, which several models may share in turn. */
    int (*run)(void *arena, size_t arena_bytes, const int8_t *const *inputs, int8_t *const *outputs);
};

#ifdef __cplusplus
}
#endif

#endif
