/* What sketches of tests use of Arduino's cores, with the macros that stand in the way of other headers there. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
void setup(void);
void loop(void);
unsigned long millis(void);
unsigned long micros(void);
void delay(unsigned long milliseconds);
#ifdef __cplusplus
}

struct Port {
    void begin(unsigned long) {}
    explicit operator bool() const { return true; }
    void print(const char *text);
    void print(long value);
    void print(unsigned long value);
    void println(const char *text);
    void println(int value);
    void println(long value);
    void println(double value, int digits = 2);
};
extern Port Serial;
#endif

#define HIGH 1
#define LOW 0
#define INPUT 0
#define OUTPUT 1
#define PI 3.1415926535897932384626433832795
#define abs(x) ((x) > 0 ? (x) : -(x))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x)-0.5))
#define bit(b) (1UL << (b))
#define F(text) (text)
