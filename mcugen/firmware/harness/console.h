/* Words and numbers on the board's UART. */
#ifndef MCUGEN_CONSOLE_H
#define MCUGEN_CONSOLE_H

#include <stdint.h>

void console_text(const char *text);

/* Decimal. */
void console_number(int32_t value);

/* "0x" and eight digits. */
void console_hex(uint32_t value);

#endif
