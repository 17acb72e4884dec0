/* What the generated glue offers, and what it uses: the same names as in bare-metal firmware. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct harness_port {
    int8_t *data;
    size_t size;
};

/* From the generated glue. */
extern const struct harness_port harness_inputs[];
extern const size_t harness_input_count;
extern const struct harness_port harness_outputs[];
extern const size_t harness_output_count;

/* One inference on the buffers of the ports; returns the module's status. */
int harness_invoke(void);

/* Starts a new sequence of a module with state; returns the module's status. */
int harness_reset(void);

/* Stack pointer just before the module is called, set by harness_invoke. */
extern uintptr_t harness_stack_pointer;

/* Lowest word of the stack of the thread that calls harness_invoke. */
extern uint32_t *harness_stack_bottom;

/* True: the next harness_invoke paints the free stack. */
extern bool harness_paint;

/* The pattern that Zephyr fills new stacks with (CONFIG_INIT_STACKS), so that its own measurement goes on working. */
#define HARNESS_STACK_PATTERN 0xAAAAAAAAu

#if defined(__riscv)
#define READ_STACK_POINTER "mv %0, sp"
#else
#define READ_STACK_POINTER "mov %0, sp"
#endif

/* Fills the free stack of this thread with the pattern; what an inference overwrites is what it used. To be called by the
 * function that calls the module, so that both see the same stack pointer, and with interrupts locked. */
static inline __attribute__((always_inline)) void harness_prepare_stack(void)
{
    __asm__ volatile(READ_STACK_POINTER : "=r"(harness_stack_pointer));
    if (harness_paint) {
        volatile uint32_t *const end = (volatile uint32_t *)harness_stack_pointer;
        for (volatile uint32_t *word = harness_stack_bottom; word < end; word++) {
            *word = HARNESS_STACK_PATTERN;
        }
    }
}

#endif
