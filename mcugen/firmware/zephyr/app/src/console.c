#include "console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/sys/base64.h>
#include <zephyr/sys/crc.h>
#include <zephyr/sys/printk.h>

enum { BASE64_SIZE = CONSOLE_CHUNK / 3 * 4 + 1, HEAD_SIZE = 64, LINE_SIZE = HEAD_SIZE + BASE64_SIZE + 16 };

static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));

static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        uart_poll_out(uart, (unsigned char)*text);
    }
}

void console_send(const char *format, ...)
{
    static char text[LINE_SIZE];
    char checksum[16];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintk(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)snprintk(checksum, sizeof(checksum), "*%08x\n", (unsigned int)crc32_ieee((const uint8_t *)text, strlen(text)));
    put("@");
    put(text);
    put(checksum);
}

void console_send_data(const char *word, unsigned int index, const void *data, size_t size)
{
    static uint8_t encoded[BASE64_SIZE];
    const uint8_t *const bytes = data;

    for (size_t offset = 0; offset < size; offset += CONSOLE_CHUNK) {
        const size_t count = size - offset < CONSOLE_CHUNK ? size - offset : CONSOLE_CHUNK;
        size_t length;

        (void)base64_encode(encoded, sizeof(encoded), &length, bytes + offset, count);
        console_send("%s %u %u %u %s", word, index, (unsigned int)size, (unsigned int)offset, (const char *)encoded);
    }
}

/* Returns false when the line is longer than the buffer. */
static bool read_line(char *line, size_t size)
{
    size_t n = 0;

    for (;;) {
        unsigned char character;

        if (uart_poll_in(uart, &character) != 0) {
            continue;
        }
        if (character == '\n') {
            line[n < size ? n : size - 1] = '\0';
            return n < size;
        }
        if (n < size) {
            line[n] = (char)character;
        }
        n++;
    }
}

char *console_receive(void)
{
    static char line[LINE_SIZE];

    if (!read_line(line, sizeof(line))) {
        return NULL;
    }
    char *const star = strrchr(line, '*');

    if (star == NULL || strlen(star + 1) != 8) {
        return NULL;
    }
    *star = '\0';
    return strtoul(star + 1, NULL, 16) == crc32_ieee((const uint8_t *)line, strlen(line)) ? line : NULL;
}
