/* Nordic UART without DMA (nRF51 Series Reference Manual, 29). */
#include "uart.h"

enum {
    TASKS_STARTRX = 0x000,
    TASKS_STARTTX = 0x008,
    EVENTS_RXDRDY = 0x108,
    EVENTS_TXDRDY = 0x11C,
    ENABLE = 0x500,
    PSEL_TXD = 0x50C,
    PSEL_RXD = 0x514,
    RXD = 0x518,
    TXD = 0x51C,
    BAUDRATE = 0x524,
};
enum { ENABLE_UART = 4, BAUDRATE_115200 = 0x01D7E000 };

void uart_open(void)
{
    uart_apply_setup();
    UART_REGISTER(PSEL_TXD) = CONSOLE_TX_PIN;
    UART_REGISTER(PSEL_RXD) = CONSOLE_RX_PIN;
    UART_REGISTER(BAUDRATE) = BAUDRATE_115200;
    UART_REGISTER(ENABLE) = ENABLE_UART;
    UART_REGISTER(EVENTS_RXDRDY) = 0u;
    UART_REGISTER(TASKS_STARTTX) = 1u;
    UART_REGISTER(TASKS_STARTRX) = 1u;
}

void uart_put(uint8_t byte)
{
    UART_REGISTER(EVENTS_TXDRDY) = 0u;
    UART_REGISTER(TXD) = byte;
    while (UART_REGISTER(EVENTS_TXDRDY) == 0u) {
    }
}

bool uart_get(uint8_t *byte)
{
    if (UART_REGISTER(EVENTS_RXDRDY) == 0u) {
        return false;
    }
    UART_REGISTER(EVENTS_RXDRDY) = 0u;
    *byte = (uint8_t)UART_REGISTER(RXD);
    return true;
}
