#include "harness.h"

static void paint(volatile uint8_t *guard)
{
    for (uint32_t i = 0; i < HARNESS_GUARD_SIZE; i++) {
        guard[i] = HARNESS_GUARD_PATTERN;
    }
}

static int32_t is_intact(const volatile uint8_t *guard)
{
    for (uint32_t i = 0; i < HARNESS_GUARD_SIZE; i++) {
        if (guard[i] != HARNESS_GUARD_PATTERN) {
            return 0;
        }
    }
    return 1;
}

void harness_paint_guards(void)
{
    paint(linker_guard_below);
    paint(linker_guard_above);
}

int32_t harness_guards_intact(void)
{
    return is_intact(linker_guard_below) && is_intact(linker_guard_above);
}
