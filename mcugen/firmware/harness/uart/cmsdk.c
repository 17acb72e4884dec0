/* Arm CMSDK APB UART (Cortex-M System Design Kit Technical Reference Manual, 4.3). */
#include "uart.h"

enum { DATA = 0x00, STATE = 0x04, CONTROL = 0x08, BAUD_DIVIDER = 0x10 };
enum { STATE_TX_FULL = 1, STATE_RX_FULL = 2, CONTROL_TX_ENABLE = 1, CONTROL_RX_ENABLE = 2 };

void uart_open(void)
{
    uart_apply_setup();
    UART_REGISTER(BAUD_DIVIDER) = CONSOLE_CLOCK_HZ / UART_BAUD;
    UART_REGISTER(CONTROL) = CONTROL_TX_ENABLE | CONTROL_RX_ENABLE;
}

void uart_put(uint8_t byte)
{
    while ((UART_REGISTER(STATE) & STATE_TX_FULL) != 0u) {
    }
    UART_REGISTER(DATA) = byte;
}

bool uart_get(uint8_t *byte)
{
    if ((UART_REGISTER(STATE) & STATE_RX_FULL) == 0u) {
        return false;
    }
    *byte = (uint8_t)UART_REGISTER(DATA);
    return true;
}
