#include "exchange.h"

/* The command, its arguments, and the answer; then what is written when all of it is there. QEMU stops the core before it
 * writes the bell, and lets it go on at the point; Renode stops it at the point. Not in .bss: the start-up code would ring. */
#define EXCHANGE __attribute__((section(".exchange,\"aw\",%nobits@")))
extern volatile uint32_t harness_mailbox[5];
extern volatile uint32_t harness_bell;
EXCHANGE volatile uint32_t harness_mailbox[5];
EXCHANGE volatile uint32_t harness_bell;

__attribute__((noinline, noclone)) uint32_t
harness_exchange(enum exchange_command command, uint32_t first, uint32_t second, uint32_t third)
{
    harness_mailbox[0] = (uint32_t)command;
    harness_mailbox[1] = first;
    harness_mailbox[2] = second;
    harness_mailbox[3] = third;
    harness_mailbox[4] = 0;
    harness_bell = 1;
    /* Ends the block that QEMU counts whole, though it stops the core before the bell. */
    __asm__ volatile("isb\n.global harness_exchange_point\nharness_exchange_point:" ::: "memory");
    harness_mailbox[0] = 0;
    return harness_mailbox[4];
}
