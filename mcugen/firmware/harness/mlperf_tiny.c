/* The serial protocol of the MLPerf Tiny runner (mlcommons/tiny, benchmark/api): commands end with '%', replies are lines
 * "m-...", errors lines "e-[...]", and every command is answered by "m-ready" in the end.
 *
 * Time stamps advance by the cycles of one inference each time one has run, at the board's clock. Both numbers come from
 * mlperf_tiny_settings.h, which says where the cycles are from; the reply to `profile` says so too. */
#include "console.h"
#include "harness.h"
#include "mlperf_tiny_settings.h"
#include "uart/uart.h"

#include <stdbool.h>
#include <string.h>

#define FIRMWARE_VERSION "ULPMark for tinyML Firmware V0.0.1"

enum { COMMAND_SIZE = 512, DEFAULT_WARMUP = 10, PRINTED_A_LINE = 8, FLOAT_BYTES = 4 };
#define MICROSECONDS 1000000u

/* What `db load` announced, and what came. */
static size_t expected_bytes, loaded_bytes;
static uint64_t inferences;

static void say(const char *text)
{
    console_text(text);
    console_text("\r\n");
}

static void say_number(const char *before, size_t value, const char *after)
{
    console_text(before);
    console_number((int32_t)value);
    say(after);
}

/* The next word of a command, cut off from the rest; NULL at its end. */
static char *next_word(char **rest)
{
    char *start = *rest;
    while (*start == ' ') {
        start++;
    }
    if (*start == '\0') {
        return NULL;
    }
    char *end = start;
    while (*end != ' ' && *end != '\0') {
        end++;
    }
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

/* A decimal number; -1 for anything else, and beyond nine digits. */
static int32_t read_number(const char *text)
{
    int32_t value = 0;
    int32_t digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++) {
        value = value * 10 + (*text - '0');
    }
    return digits == 0 || *text != '\0' ? -1 : value;
}

static void name(char *rest)
{
    (void)rest;
    say("m-name-dut-[" SETTING_DEVICE "]");
}

static void profile(char *rest)
{
    (void)rest;
    say("m-profile-[" FIRMWARE_VERSION "]");
    say("m-model-[" SETTING_MODEL "]");
    say("m-[Time stamps: " SETTING_CYCLES_SOURCE "]");
}

static void timestamp(char *rest)
{
    (void)rest;
    char digits[21];
    char *first = digits + sizeof digits - 1;
    uint64_t left = inferences * SETTING_CYCLES * MICROSECONDS / SETTING_CLOCK_HZ;
    *first = '\0';
    do {
        *--first = (char)('0' + (char)(left % 10u));
        left /= 10u;
    } while (left != 0u);
    console_text("m-lap-us-");
    say(first);
}

static void help(char *rest)
{
    (void)rest;
    say(FIRMWARE_VERSION "\r\n");
    say("help         : Print this information");
    say("name         : Print the name of the device");
    say("timestamp    : Print the time of the device in microseconds: " SETTING_CYCLES_SOURCE);
    say("db SUBCMD    : Load the input tensor");
    say("  load N     : Expect N bytes: " SETTING_INPUT_WORDS);
    say("  db HH[HH]* : Load bytes in hexadecimal until there are N");
    say("  print      : Print the input tensor as the model gets it");
    say("infer N [W=10]: Execute N inferences after W warm-up inferences");
    say("results      : Print the output tensor as real numbers");
}

static size_t input_size(void)
{
    size_t size = 0;
    for (size_t i = 0; i < harness_input_count; i++) {
        size += harness_inputs[i].size;
    }
    return size;
}

/* Element `index` of all inputs, one after the other; `port` gets its input. */
static int8_t *input_element(size_t index, size_t *port)
{
    *port = 0;
    while (index >= harness_inputs[*port].size) {
        index -= harness_inputs[*port].size;
        (*port)++;
    }
    return &harness_inputs[*port].data[index];
}

/* round_half_even(value / scale) + zero point, clamped to int8; the same in float32 as mcugen's own quantization. */
static int8_t quantize(float value, const struct setting_input *input)
{
    const float half_even = 12582912.0f; /* 1.5 * 2^23: adding it leaves no bits behind the point */
    const float steps = value * input->reciprocal;
    const float bounded = steps > -1024.0f ? (steps < 1024.0f ? steps : 1024.0f) : -1024.0f; /* so is NaN */
    const volatile float shifted = bounded + half_even;
    const int32_t integer = (int32_t)(shifted - half_even) + input->zero_point;
    return (int8_t)(integer < -128 ? -128 : integer > 127 ? 127 : integer);
}

/* The next byte of the input, of what `db load` announced. */
static void take_byte(uint8_t byte)
{
    static uint8_t raw[FLOAT_BYTES];
    size_t port;
    if (expected_bytes == input_size()) {
        *input_element(loaded_bytes, &port) = (int8_t)(byte ^ SETTING_INPUT_FLIP);
    } else {
        raw[loaded_bytes % FLOAT_BYTES] = byte;
        if (loaded_bytes % FLOAT_BYTES == FLOAT_BYTES - 1) {
            float value;
            memcpy(&value, raw, sizeof value);
            int8_t *const element = input_element(loaded_bytes / FLOAT_BYTES, &port);
            *element = quantize(value, &setting_inputs[port]);
        }
    }
    loaded_bytes++;
}

static int32_t digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char letter = (char)(digit | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static void load(char *rest)
{
    const char *const word = next_word(&rest);
    const int32_t size = word == NULL ? -1 : read_number(word);
    expected_bytes = loaded_bytes = 0;
    if (word == NULL) {
        say("e-[Command 'db load' requires the # of bytes]");
    } else if (size <= 0) {
        say("e-[Command 'db load' must be >0 bytes]");
    } else if ((size_t)size != input_size() && (size_t)size != FLOAT_BYTES * input_size()) {
        say("e-[Wrong size, the model takes " SETTING_INPUT_WORDS "]");
    } else {
        expected_bytes = (size_t)size;
        say_number("m-[Expecting ", expected_bytes, " bytes]");
    }
}

static void print_input(void)
{
    const size_t size = input_size();
    size_t port;
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = (uint8_t)*input_element(i, &port);
        console_text(i % PRINTED_A_LINE == 0u ? "m-buffer-" : "-");
        uart_put((uint8_t)"0123456789abcdef"[byte >> 4]);
        uart_put((uint8_t)"0123456789abcdef"[byte & 15u]);
        if (i % PRINTED_A_LINE == PRINTED_A_LINE - 1 || i + 1 == size) {
            console_text("\r\n");
        }
    }
}

static void load_digits(const char *digits)
{
    const size_t count = strlen(digits);
    if (expected_bytes == 0u || loaded_bytes == expected_bytes) {
        say("e-[No bytes are expected: use 'db load']");
        return;
    }
    if (count % 2u != 0u) {
        say("e-[Insufficient number of hex digits]");
        return;
    }
    for (size_t i = 0; i < count; i += 2) {
        const int32_t high = digit_value(digits[i]);
        const int32_t low = digit_value(digits[i + 1]);
        if (high < 0 || low < 0) {
            say("e-[Invalid hex digit]");
            return;
        }
        take_byte((uint8_t)(high * 16 + low));
        if (loaded_bytes == expected_bytes) {
            say("m-load-done");
            return;
        }
    }
}

static void db(char *rest)
{
    char *const word = next_word(&rest);
    if (word == NULL) {
        say("e-[Command 'db' requires a subcommand]");
    } else if (strcmp(word, "load") == 0) {
        load(rest);
    } else if (strcmp(word, "print") == 0) {
        print_input();
    } else {
        load_digits(word);
    }
}

/* (integer - zero point) * scale, with as many decimals as tell one step from the next. */
static void print_real(int8_t integer, const struct setting_output *output)
{
    const int64_t half = (int64_t)1 << (SETTING_FRACTION_BITS - 1);
    const int64_t product = (int64_t)(integer - output->zero_point) * output->multiplier;
    const int64_t magnitude = ((product < 0 ? -product : product) + half) >> SETTING_FRACTION_BITS;
    char digits[32];
    char *first = digits + sizeof digits - 1;
    uint64_t left = (uint64_t)magnitude;
    *first = '\0';
    for (int32_t place = 0; place <= output->decimals || left != 0u; place++) {
        if (place == output->decimals) {
            *--first = '.';
        }
        *--first = (char)('0' + (char)(left % 10u));
        left /= 10u;
    }
    if (product < 0) {
        *--first = '-';
    }
    console_text(first);
}

static void results(char *rest)
{
    (void)rest;
    console_text("m-results-[");
    for (size_t i = 0; i < harness_output_count; i++) {
        for (size_t at = 0; at < harness_outputs[i].size; at++) {
            console_text(i + at == 0u ? "" : ",");
            print_real(harness_outputs[i].data[at], &setting_outputs[i]);
        }
    }
    say("]");
}

/* False when the module returned an error. */
static bool run(int32_t count)
{
    for (; count > 0; count--) {
        if (harness_invoke() != 0) {
            say("e-[The module returned an error]");
            return false;
        }
        inferences++;
    }
    return true;
}

static void infer(char *rest)
{
    const char *const count_word = next_word(&rest);
    const char *const warmup_word = next_word(&rest);
    const int32_t count = count_word == NULL ? 1 : read_number(count_word);
    const int32_t warmup = warmup_word == NULL ? DEFAULT_WARMUP : read_number(warmup_word);
    if (count <= 0) {
        say("e-[Inference iterations must be >0]");
        return;
    }
    if (warmup < 0) {
        say("e-[Inference warmup must be >=0]");
        return;
    }
    if (expected_bytes == 0u || loaded_bytes != expected_bytes) {
        say("e-[The input is not loaded: use 'db load']");
        return;
    }
    say_number("m-warmup-start-", (size_t)warmup, "");
    if (!run(warmup)) {
        return;
    }
    say("m-warmup-done");
    say_number("m-infer-start-", (size_t)count, "");
    timestamp(NULL);
    if (!run(count)) {
        return;
    }
    timestamp(NULL);
    say("m-infer-done");
    results(NULL);
}

static const struct {
    const char *name;
    void (*handle)(char *rest);
} commands[] = {
    {"name", name}, {"timestamp", timestamp}, {"profile", profile}, {"help", help},
    {"db", db},     {"infer", infer},         {"results", results},
};

static void answer(char *command)
{
    char *rest = command;
    const char *const word = next_word(&rest);
    for (size_t i = 0; word != NULL && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(word, commands[i].name) == 0) {
            commands[i].handle(rest);
            return;
        }
    }
    console_text("e-[Unknown command: ");
    console_text(word == NULL ? "" : word);
    say("]");
}

/* Waits for a command; false when it was longer than the buffer. What stands before the end of a line is no command, but an
 * echo of the firmware's own lines by a terminal that is not set up yet. */
static bool receive(char *command)
{
    size_t size = 0;
    for (;;) {
        uint8_t byte;
        if (!uart_get(&byte)) {
            continue;
        }
        if (byte == '\r' || byte == '\n') {
            size = 0;
            continue;
        }
        if (byte == '%') {
            command[size < COMMAND_SIZE ? size : 0] = '\0';
            return size < COMMAND_SIZE;
        }
        if (size < COMMAND_SIZE) {
            command[size] = (char)byte;
            size++;
        }
    }
}

_Noreturn void harness_main(void)
{
    static char command[COMMAND_SIZE];
    uart_open();
    harness_paint = 0;
    say("m-timestamp-mode-performance");
    say("m-init-done");
    for (;;) {
        say("m-ready");
        if (receive(command)) {
            answer(command);
        } else {
            say("e-[The command is too long]");
        }
    }
}
