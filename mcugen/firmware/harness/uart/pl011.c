/* Arm PrimeCell UART PL011 (DDI 0183, 3.3), as in the RP2040 and the RP2350. */
#include "uart.h"

enum { DR = 0x00, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2C, CR = 0x30 };
enum { FR_RX_EMPTY = 1 << 4, FR_TX_FULL = 1 << 5, LCR_H_FIFO = 1 << 4, LCR_H_8_BITS = 3 << 5 };
enum { CR_ENABLE = 1 << 0, CR_TX_ENABLE = 1 << 8, CR_RX_ENABLE = 1 << 9 };

/* Baud rate divisor: 16 bits before the point, 6 behind it. */
#define DIVISOR ((CONSOLE_CLOCK_HZ * 4u + UART_BAUD / 2u) / UART_BAUD)

void uart_open(void)
{
    uart_apply_setup();
    UART_REGISTER(CR) = 0u;
    UART_REGISTER(IBRD) = DIVISOR >> 6;
    UART_REGISTER(FBRD) = DIVISOR & 63u;
    UART_REGISTER(LCR_H) = LCR_H_8_BITS | LCR_H_FIFO;
    UART_REGISTER(CR) = CR_ENABLE | CR_TX_ENABLE | CR_RX_ENABLE;
}

void uart_put(uint8_t byte)
{
    while ((UART_REGISTER(FR) & FR_TX_FULL) != 0u) {
    }
    UART_REGISTER(DR) = byte;
}

bool uart_get(uint8_t *byte)
{
    if ((UART_REGISTER(FR) & FR_RX_EMPTY) != 0u) {
        return false;
    }
    *byte = (uint8_t)UART_REGISTER(DR);
    return true;
}
