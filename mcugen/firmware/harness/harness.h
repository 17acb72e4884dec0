/* The firmware around a module: start-up, the module's buffers, checks of stack and memory, and one application:
 *
 *   samples.c       samples that whoever watches the core puts into its memory (exchange.h)
 *   self_test.c     the module's own vectors, then inferences on request; words on the board's UART
 *   mlperf_tiny.c   the serial protocol of the MLPerf Tiny runner, on the board's UART
 */
#ifndef MCUGEN_HARNESS_H
#define MCUGEN_HARNESS_H

#include <stddef.h>
#include <stdint.h>

struct harness_port {
    int8_t *data;
    size_t size;
};

/* From the generated module glue. */
extern const struct harness_port harness_inputs[];
extern const size_t harness_input_count;
extern const struct harness_port harness_outputs[];
extern const size_t harness_output_count;

/* From the glue too, in firmware with a console. */
extern const char harness_module_name[];

/* Samples with known outputs, as <mcugen/mcugen.h> describes them; only for the self-test. */
struct mcugen_vector;
extern const struct mcugen_vector *const harness_vectors;
extern const size_t harness_vector_count;

/* One inference on the buffers of the ports; returns the module's status. */
int harness_invoke(void);

/* Starts a new sequence of a module with state; returns the module's status. */
int harness_reset(void);

/* Stack pointer just before the module is called, set by harness_invoke. */
extern uint32_t harness_stack_pointer;

/* Nonzero: the next harness_invoke paints the free stack. */
extern int32_t harness_paint;

#define HARNESS_STACK_PATTERN 0x5AC4A5E1u
extern uint32_t linker_stack_bottom[];

/* Fills the free stack with a pattern; what an inference overwrites is what it used. To be called by the function that
 * calls the module, so that both see the same stack pointer. */
static inline __attribute__((always_inline)) void harness_prepare_stack(void)
{
    __asm__ volatile("mov %0, sp" : "=r"(harness_stack_pointer));
    if (harness_paint) {
        volatile uint32_t *const end = (volatile uint32_t *)harness_stack_pointer;
        for (volatile uint32_t *word = linker_stack_bottom; word < end; word++) {
            *word = HARNESS_STACK_PATTERN;
        }
    }
}

/* Deepest stack of the painted inference in bytes, to be called before anything else uses the stack; HARNESS_STACK_ALL when
 * nothing of the pattern is left. */
uint32_t harness_stack_used(void);
#define HARNESS_STACK_ALL UINT32_MAX

/* After the stack was painted: its last word is still untouched. */
int32_t harness_stack_intact(void);

/* Bytes right before and after the module's static memory, the arena above all. Painted once, they stay as they are unless
 * the module writes where it must not. */
#define HARNESS_GUARD_SIZE 32u
#define HARNESS_GUARD_PATTERN 0xA5u
extern uint8_t linker_guard_below[], linker_guard_above[];
void harness_paint_guards(void);
int32_t harness_guards_intact(void);

/* How it went. */
enum harness_exit {
    HARNESS_DONE = 0,
    HARNESS_FAULT = 10,
    HARNESS_MODULE_ERROR = 12,
    HARNESS_STACK_OVERFLOW = 13,
    HARNESS_OUT_OF_ARENA = 14,
};

/* One line of a report. */
struct harness_fact {
    const char *key;
    uint32_t value;
};

/* Reports and stops: to whoever watches the core, or lines on the UART and an endless loop. */
_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count);

/* The application; called by the start-up code. */
_Noreturn void harness_main(void);

#endif
