/* Nordic UARTE: a UART with DMA from and to RAM (nRF5340 Product Specification, 7.37; nRF52840's, 6.34). */
#include "uart.h"

enum {
    TASKS_STARTRX = 0x000,
    TASKS_STARTTX = 0x008,
    EVENTS_ENDRX = 0x110,
    EVENTS_ENDTX = 0x120,
    ENABLE = 0x500,
    PSEL_TXD = 0x50C,
    PSEL_RXD = 0x514,
    BAUDRATE = 0x524,
    RXD_PTR = 0x534,
    RXD_MAXCNT = 0x538,
    TXD_PTR = 0x544,
    TXD_MAXCNT = 0x548,
};
enum { ENABLE_UARTE = 8, BAUDRATE_115200 = 0x01D60000 };

static volatile uint8_t received, sent;

static void receive_next(void)
{
    UART_REGISTER(EVENTS_ENDRX) = 0u;
    UART_REGISTER(TASKS_STARTRX) = 1u;
}

void uart_open(void)
{
    uart_apply_setup();
    UART_REGISTER(PSEL_TXD) = CONSOLE_TX_PIN;
    UART_REGISTER(PSEL_RXD) = CONSOLE_RX_PIN;
    UART_REGISTER(BAUDRATE) = BAUDRATE_115200;
    UART_REGISTER(ENABLE) = ENABLE_UARTE;
    UART_REGISTER(TXD_PTR) = (uint32_t)&sent;
    UART_REGISTER(TXD_MAXCNT) = 1u;
    UART_REGISTER(RXD_PTR) = (uint32_t)&received;
    UART_REGISTER(RXD_MAXCNT) = 1u;
    receive_next();
}

void uart_put(uint8_t byte)
{
    sent = byte;
    UART_REGISTER(EVENTS_ENDTX) = 0u;
    UART_REGISTER(TASKS_STARTTX) = 1u;
    while (UART_REGISTER(EVENTS_ENDTX) == 0u) {
    }
}

bool uart_get(uint8_t *byte)
{
    if (UART_REGISTER(EVENTS_ENDRX) == 0u) {
        return false;
    }
    *byte = received;
    /* The hardware's own FIFO of six bytes holds what arrives meanwhile. */
    receive_next();
    return true;
}
