/* Reset, memory initialisation, FPU and Helium, and a fault handler that says what went wrong. */
#include "harness.h"

#include <stdint.h>

extern uint32_t linker_stack_top[];
extern uint32_t linker_data_start[], linker_data_end[], linker_data_load[];
extern uint32_t linker_bss_start[], linker_bss_end[];

/* System control block, Armv7-M and Armv8-M Architecture Reference Manuals. */
#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SCB_CCR REGISTER(0xE000ED14u)
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_HFSR REGISTER(0xE000ED2Cu)
#define SCB_BFAR REGISTER(0xE000ED38u)
#define SCB_CPACR REGISTER(0xE000ED88u)

enum { CPACR_CP10_CP11_FULL = 0xF << 20, CCR_LOB = 1 << 19 };

_Noreturn void reset_handler(void)
{
    const uint32_t *load = linker_data_load;
    for (uint32_t *word = linker_data_start; word < linker_data_end; word++) {
        *word = *load++;
    }
    for (uint32_t *word = linker_bss_start; word < linker_bss_end; word++) {
        *word = 0;
    }
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    SCB_CPACR |= CPACR_CP10_CP11_FULL;
#endif
#if defined(__ARM_FEATURE_MVE)
    SCB_CCR |= CCR_LOB; /* low-overhead loops */
#endif
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    harness_main();
}

/* `frame`: r0-r3, r12, lr, pc, xpsr, as the core stacks them. */
__attribute__((used)) _Noreturn void report_fault(const uint32_t *frame)
{
    const struct harness_fact facts[] = {
        {"fault_pc", frame[6]},
        {"fault_lr", frame[5]},
        {"fault_sp", (uint32_t)(uintptr_t)frame},
#if __ARM_ARCH >= 7
        {"fault_cfsr", SCB_CFSR},
        {"fault_hfsr", SCB_HFSR},
        {"fault_address", SCB_BFAR},
#endif
    };
    harness_end(HARNESS_FAULT, facts, sizeof facts / sizeof facts[0]);
}

__attribute__((naked)) void fault_handler(void)
{
    __asm__ volatile("mrs r0, msp\n\tbl report_fault");
}

/* Initial stack pointer, reset, NMI, then HardFault to SysTick: none of them is expected but reset. */
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
    linker_stack_top, (const void *)reset_handler, (const void *)fault_handler, (const void *)fault_handler,
    (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler,
    (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler,
    (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler, (const void *)fault_handler,
};
