/* What every emitted model offers to code that knows no model by name: shells, tests, benchmarks.
 *
 * Each module brings this header and `const struct mcugen_model <name>_model` (declared in <name>.h). In a Zephyr image
 * the descriptors are an iterable section: STRUCT_SECTION_FOREACH(mcugen_model, model) { ... }.
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
#define MCUGEN_ERROR_ARGUMENT (-1)    /* a pointer is NULL */
#define MCUGEN_ERROR_ARENA (-2)       /* the arena is too small or not aligned */
#define MCUGEN_ERROR_NPU (-3)         /* the NPU or its driver reports a fault; the outputs are as they were */
#define MCUGEN_ERROR_NPU_TIMEOUT (-4) /* the NPU did not end in time; the outputs are as they were */

#define MCUGEN_MAX_RANK 6

/* Types of elements. A bool is a byte, 0 or 1. */
enum mcugen_type { MCUGEN_INT8, MCUGEN_INT16, MCUGEN_INT32, MCUGEN_INT64, MCUGEN_BOOL, MCUGEN_UINT8, MCUGEN_FLOAT32 };

/* One input or output: real = scale * (integer - zero_point); floats, plain integers and booleans have scale 1, zero point 0.
 * Where the model's header has FACTORS and OFFSETS for an input, real is what they make of it. */
struct mcugen_tensor {
    const char *name;
    size_t bytes;
    float scale;
    int32_t zero_point;
    int32_t rank;
    int32_t shape[MCUGEN_MAX_RANK]; /* NHWC for images */
    enum mcugen_type type;
};

/* A sample whose outputs are known: one pointer for each input and output, aligned for its type. */
struct mcugen_vector {
    const int8_t *const *inputs;
    const int8_t *const *outputs;
};

/* Kept by a model that was built with <NAME>_STATISTICS. Not atomic: read it when the model is not running. */
struct mcugen_statistics {
    uint32_t inferences;
    uint32_t last_cycles, min_cycles, max_cycles;
    uint64_t total_cycles;
};

/* A model in the image. */
struct mcugen_model {
    const char *name;
    const struct mcugen_tensor *inputs, *outputs;
    int32_t input_count, output_count;
    size_t arena_bytes, arena_alignment;
    size_t constant_bytes;
    int64_t macs __attribute__((aligned(8))); /* the linker's list of descriptors relies on it, also where it would be 4 */
    /* One inference in the caller's arena, which several models may share in turn. Inputs and outputs are aligned for their
     * types. */
    int (*run)(void *arena, size_t arena_bytes, const int8_t *const *inputs, int8_t *const *outputs);
    void *arena;                          /* the module's own or shared arena; NULL when it has none */
    const struct mcugen_vector *vectors;  /* built with <NAME>_VECTORS, else none */
    int32_t vector_count;
    struct mcugen_statistics *statistics; /* NULL without <NAME>_STATISTICS */
    size_t state_bytes;                   /* what run() keeps for the next inference, in the module's own memory */
    int (*reset)(void);                   /* starts a new sequence; NULL for a model without state */
};

/* The arena of all modules built with <NAME>_SHARED_ARENA: at least as large and as aligned as the largest of them wants.
 * A Zephyr build defines it; elsewhere the application does. Only one of these models may run at a time. */
extern int8_t mcugen_shared_arena[];

/* The clock of the statistics, in any unit. A Zephyr build defines it (hardware cycles); elsewhere the application does. */
uint32_t mcugen_clock(void);

#ifdef __ZEPHYR__
/* With CONFIG_MCUGEN_USERSPACE: the memory that models write to, for the memory domain of threads that run them. */
extern struct k_mem_partition mcugen_partition;
#endif

static inline void mcugen_count(struct mcugen_statistics *statistics, uint32_t cycles)
{
    if (statistics->inferences == 0u || cycles < statistics->min_cycles) {
        statistics->min_cycles = cycles;
    }
    if (cycles > statistics->max_cycles) {
        statistics->max_cycles = cycles;
    }
    statistics->last_cycles = cycles;
    statistics->total_cycles += cycles;
    statistics->inferences++;
}

#ifdef __cplusplus
}
#endif

#endif
