/* Lines over the console UART, each with a checksum: docs/zephyr/verify.md has the protocol. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stddef.h>
#include <stdint.h>
#include <zephyr/toolchain.h>

/* Payload bytes of one line, in both directions. */
enum { CONSOLE_CHUNK = 192 };

/* One line: "@" text "*" checksum. */
void console_send(const char *format, ...) __printf_like(1, 2);

/* Lines "<word> <index> <size> <offset> <base64>" with all of the data. */
void console_send_data(const char *word, unsigned int index, const void *data, size_t size);

/* The text of the next line, or NULL when it arrived damaged. */
char *console_receive(void);

#endif
