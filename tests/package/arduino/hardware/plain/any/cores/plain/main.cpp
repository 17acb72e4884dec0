/* A sketch's loop once, what it prints on standard output. */
#include <stdio.h>

#include "Arduino.h"

Port Serial;
void Port::print(const char *text) { printf("%s", text); }
void Port::print(long value) { printf("%ld", value); }
void Port::print(unsigned long value) { printf("%lu", value); }
void Port::println(const char *text) { printf("%s\n", text); }
void Port::println(int value) { printf("%d\n", value); }
void Port::println(long value) { printf("%ld\n", value); }
void Port::println(double value, int digits) { printf("%.*f\n", digits, value); }

unsigned long millis() { return 0; }
unsigned long micros() { return 0; }
void delay(unsigned long) {}

int main()
{
    setup();
    loop();
    return 0;
}
