#include "console.h"

#include "harness.h"
#include "uart/uart.h"

void console_text(const char *text)
{
    for (; *text != '\0'; text++) {
        uart_put((uint8_t)*text);
    }
}

void console_number(int32_t value)
{
    char digits[12];
    char *first = digits + sizeof digits - 1;
    uint32_t rest = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    *first = '\0';
    do {
        *--first = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest != 0u);
    if (value < 0) {
        *--first = '-';
    }
    console_text(first);
}

void console_hex(uint32_t value)
{
    console_text("0x");
    for (int32_t shift = 28; shift >= 0; shift -= 4) {
        uart_put((uint8_t)"0123456789abcdef"[value >> shift & 15u]);
    }
}

/* After a fault too: the UART is opened again, whatever state it was left in. */
_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count)
{
    uart_open();
    console_text("\r\nend ");
    console_number((int32_t)code);
    for (size_t i = 0; i < count; i++) {
        console_text(" ");
        console_text(facts[i].key);
        console_text("=");
        console_hex(facts[i].value);
    }
    console_text("\r\n");
    for (;;) {
    }
}
