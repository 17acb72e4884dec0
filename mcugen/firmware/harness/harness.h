/* The firmware around a module: start-up, then every sample of the input files through the module.
 *
 * It speaks with the runner through files in the emulator's working directory:
 *   input_<i>.bin, output_<i>.bin   raw samples in device layout, one after the other
 *   layers.bin                      with layer hooks: for each layer {int32 index, uint32 bytes}, then its output
 *   report.txt                      lines of key=value: what happened
 */
#ifndef MCUGEN_HARNESS_H
#define MCUGEN_HARNESS_H

#include <stddef.h>
#include <stdint.h>

struct harness_port {
    const char *path;
    int8_t *data;
    size_t size;
};

/* From the generated module glue. */
extern const struct harness_port harness_inputs[];
extern const size_t harness_input_count;
extern const struct harness_port harness_outputs[];
extern const size_t harness_output_count;

/* One inference on the buffers of the ports; returns the module's status. */
int harness_invoke(void);

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

/* Exit codes of the emulator. */
enum harness_exit {
    HARNESS_DONE = 0,
    HARNESS_FAULT = 10,
    HARNESS_FILE_ERROR = 11,
    HARNESS_MODULE_ERROR = 12,
    HARNESS_STACK_OVERFLOW = 13,
};

/* One line of report.txt. */
struct harness_fact {
    const char *key;
    uint32_t value;
};

/* Writes report.txt and ends the emulator. */
_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count);

/* The whole harness; called by the start-up code. */
_Noreturn void harness_main(void);

#endif
