#include "semihosting.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_EXIT_EXTENDED = 0x20,
    ADP_STOPPED_APPLICATION_EXIT = 0x20026,
};

/* All parameters are words, the operation in r0, the address of the parameter block in r1. The one breakpoint
 * instruction has a label, for an emulator that answers through a hook at an address. */
static __attribute__((noinline, noclone)) int32_t call(uint32_t operation, const uint32_t *parameters)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const uint32_t *r1 __asm__("r1") = parameters;
    __asm__ volatile(".global semihosting_trap\nsemihosting_trap: bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static uint32_t length(const char *text)
{
    uint32_t n = 0;
    while (text[n] != '\0') {
        n++;
    }
    return n;
}

int32_t semihosting_open(const char *path, enum semihosting_mode mode)
{
    const uint32_t parameters[] = {(uint32_t)(uintptr_t)path, (uint32_t)mode, length(path)};
    return call(SYS_OPEN, parameters);
}

size_t semihosting_read(int32_t handle, void *data, size_t size)
{
    const uint32_t parameters[] = {(uint32_t)handle, (uint32_t)(uintptr_t)data, (uint32_t)size};
    const int32_t missing = call(SYS_READ, parameters);
    return missing < 0 || (size_t)missing > size ? 0 : size - (size_t)missing;
}

size_t semihosting_write(int32_t handle, const void *data, size_t size)
{
    const uint32_t parameters[] = {(uint32_t)handle, (uint32_t)(uintptr_t)data, (uint32_t)size};
    const int32_t missing = call(SYS_WRITE, parameters);
    return missing < 0 || (size_t)missing > size ? 0 : size - (size_t)missing;
}

void semihosting_close(int32_t handle)
{
    const uint32_t parameters[] = {(uint32_t)handle};
    (void)call(SYS_CLOSE, parameters);
}

_Noreturn void semihosting_exit(int32_t code)
{
    const uint32_t parameters[] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)code};
    for (;;) {
        (void)call(SYS_EXIT_EXTENDED, parameters);
    }
}
