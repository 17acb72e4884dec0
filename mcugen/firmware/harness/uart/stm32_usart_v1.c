/* STM32 USART of the older kind, as in the STM32F4 (RM0090, 30.6). */
#include "uart.h"

enum { SR = 0x00, DR = 0x04, BRR = 0x08, CR1 = 0x0C };
enum { SR_RX_NOT_EMPTY = 1 << 5, SR_TX_EMPTY = 1 << 7 };
enum { CR1_RX_ENABLE = 1 << 2, CR1_TX_ENABLE = 1 << 3, CR1_ENABLE = 1 << 13 };

void uart_open(void)
{
    uart_apply_setup();
    UART_REGISTER(BRR) = (CONSOLE_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD;
    UART_REGISTER(CR1) = CR1_ENABLE | CR1_TX_ENABLE | CR1_RX_ENABLE;
}

void uart_put(uint8_t byte)
{
    while ((UART_REGISTER(SR) & SR_TX_EMPTY) == 0u) {
    }
    UART_REGISTER(DR) = byte;
}

bool uart_get(uint8_t *byte)
{
    if ((UART_REGISTER(SR) & SR_RX_NOT_EMPTY) == 0u) {
        return false;
    }
    *byte = (uint8_t)UART_REGISTER(DR);
    return true;
}
