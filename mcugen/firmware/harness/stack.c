#include "harness.h"

uint32_t harness_stack_pointer;
int32_t harness_paint = 1;

uint32_t harness_stack_used(void)
{
    const volatile uint32_t *word = linker_stack_bottom;
    while (*word == HARNESS_STACK_PATTERN) {
        word++;
    }
    if (word == linker_stack_bottom) {
        return HARNESS_STACK_ALL;
    }
    const uint32_t lowest = (uint32_t)(uintptr_t)word;
    return lowest < harness_stack_pointer ? harness_stack_pointer - lowest : 0;
}

int32_t harness_stack_intact(void)
{
    return *(const volatile uint32_t *)linker_stack_bottom == HARNESS_STACK_PATTERN;
}
