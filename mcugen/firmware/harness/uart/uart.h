/* The board's console: one UART at 115200 baud, polled. Each driver is a file of its own; the board's YAML file names one
 * (`console:`), and the generated board.h has its address, clock and pins. */
#ifndef MCUGEN_UART_H
#define MCUGEN_UART_H

#include "board.h"

#include <stdbool.h>
#include <stdint.h>

#define UART_BAUD 115200u
#define UART_REGISTER(offset) (*(volatile uint32_t *)(CONSOLE_ADDRESS + (offset)))

/* Sets the UART up; the registers of the board's `setup` list (clock gates, pins) come before it. */
void uart_open(void);

/* Waits until the byte is taken. */
void uart_put(uint8_t byte);

/* Takes a byte that has arrived; false when there is none. */
bool uart_get(uint8_t *byte);

/* Bits of a register outside the UART: register = (register & ~mask) | value. */
struct uart_setup {
    uint32_t address, mask, value;
};

static inline void uart_apply_setup(void)
{
    static const struct uart_setup rows[] = {CONSOLE_SETUP{0, 0, 0}};
    for (const struct uart_setup *row = rows; row->address != 0u; row++) {
        volatile uint32_t *const target = (volatile uint32_t *)row->address;
        *target = (*target & ~row->mask) | row->value;
    }
}

#endif
