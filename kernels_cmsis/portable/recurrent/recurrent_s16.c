/* Recurrent layers on int16, on any CPU. */
#include "dot.h"

#define MCUGEN_RECURRENT(name) mcugen_##name
#define MCUGEN_RECURRENT_DOT mcugen_recurrent_dot_portable
#define MCUGEN_RECURRENT_WIDE 1
#include "kernels.h"
