/* STM32 USART of the newer kind, as in the STM32F7, H7, L4 and U5 (RM0385, 31.8), and its low-power sibling LPUART, which
 * differs in the baud rate register (RM0432, 51.7). */
#include "uart.h"

enum { CR1 = 0x00, BRR = 0x0C, ISR = 0x1C, RDR = 0x24, TDR = 0x28 };
enum { ISR_RX_NOT_EMPTY = 1 << 5, ISR_TX_EMPTY = 1 << 7 };
enum { CR1_ENABLE = 1 << 0, CR1_RX_ENABLE = 1 << 2, CR1_TX_ENABLE = 1 << 3 };

#if defined(CONSOLE_LOW_POWER)
#define DIVISOR ((uint32_t)((256ull * CONSOLE_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD))
#else
#define DIVISOR ((CONSOLE_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD)
#endif

void uart_open(void)
{
    uart_apply_setup();
    UART_REGISTER(BRR) = DIVISOR;
    UART_REGISTER(CR1) = CR1_ENABLE | CR1_TX_ENABLE | CR1_RX_ENABLE;
}

void uart_put(uint8_t byte)
{
    while ((UART_REGISTER(ISR) & ISR_TX_EMPTY) == 0u) {
    }
    UART_REGISTER(TDR) = byte;
}

bool uart_get(uint8_t *byte)
{
    if ((UART_REGISTER(ISR) & ISR_RX_NOT_EMPTY) == 0u) {
        return false;
    }
    *byte = (uint8_t)UART_REGISTER(RDR);
    return true;
}
