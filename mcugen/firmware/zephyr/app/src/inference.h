/* The thread that runs the inference, so that its stack can be measured by itself. */
#ifndef INFERENCE_H
#define INFERENCE_H

#include <stddef.h>

void inference_start(void);

/* One inference with interrupts locked; returns the module's status. `stack_bytes` gets the deepest stack below the call so
 * far, or all of the thread's stack when it was too small. In the first inference that is the module's alone. */
int inference_run(size_t *stack_bytes);

#endif
