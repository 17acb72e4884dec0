#include "inference.h"

#include "harness.h"

#include <zephyr/kernel.h>

enum { PRIORITY = K_PRIO_PREEMPT(1) };

#if defined(CONFIG_FPU_SHARING)
#define THREAD_OPTIONS K_FP_REGS
#else
#define THREAD_OPTIONS 0
#endif

uintptr_t harness_stack_pointer;
uint32_t *harness_stack_bottom;
bool harness_paint = true;

static K_THREAD_STACK_DEFINE(stack, CONFIG_MCUGEN_VERIFY_STACK_SIZE);
static struct k_thread thread;
static K_SEM_DEFINE(wanted, 0, 1);
static K_SEM_DEFINE(finished, 0, 1);
static int status;
static size_t deepest;

static size_t stack_used(void)
{
    const volatile uint32_t *word = harness_stack_bottom;

    while (*word == HARNESS_STACK_PATTERN) {
        word++;
    }
    if (word == harness_stack_bottom) {
        return thread.stack_info.size;
    }
    return (uintptr_t)word < harness_stack_pointer ? harness_stack_pointer - (uintptr_t)word : 0;
}

static void work(void *a, void *b, void *c)
{
    ARG_UNUSED(a);
    ARG_UNUSED(b);
    ARG_UNUSED(c);
    harness_stack_bottom = (uint32_t *)thread.stack_info.start;
    for (;;) {
        (void)k_sem_take(&wanted, K_FOREVER);
        /* The timer's interrupt would be counted with the inference, and would use this thread's stack. */
        const unsigned int key = irq_lock();

        status = harness_invoke();
        deepest = stack_used();
        irq_unlock(key);
        /* Painting again would erase what Zephyr measures: the deepest use of all inferences. */
        harness_paint = false;
        k_sem_give(&finished);
    }
}

void inference_start(void)
{
    (void)k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), work, NULL, NULL, NULL, PRIORITY,
                          THREAD_OPTIONS, K_NO_WAIT);
    (void)k_thread_name_set(&thread, "inference");
}

int inference_run(size_t *stack_bytes)
{
    k_sem_give(&wanted);
    (void)k_sem_take(&finished, K_FOREVER);
    *stack_bytes = deepest;
    return status;
}
