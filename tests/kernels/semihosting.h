/* Files and exit on the machine that runs the emulator: Arm "Semihosting for AArch32 and AArch64", 2.0. */
#ifndef MCUGEN_SEMIHOSTING_H
#define MCUGEN_SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

enum semihosting_mode { SEMIHOSTING_READ = 1, SEMIHOSTING_WRITE = 5 }; /* fopen modes "rb" and "wb" */

/* Handle, or a negative number. */
int32_t semihosting_open(const char *path, enum semihosting_mode mode);

/* Bytes that were read; less than `size` at the end of the file. */
size_t semihosting_read(int32_t handle, void *data, size_t size);

/* Bytes that were written. */
size_t semihosting_write(int32_t handle, const void *data, size_t size);

void semihosting_close(int32_t handle);

/* Ends the emulator with this exit code. */
_Noreturn void semihosting_exit(int32_t code);

#endif
