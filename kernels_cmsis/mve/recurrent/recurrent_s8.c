/* Recurrent layers with vectors. */
#include "dot.h"

#define MCUGEN_RECURRENT(name) mcugen_mve_##name
#define MCUGEN_RECURRENT_DOT mcugen_recurrent_dot_mve
#define MCUGEN_RECURRENT_WIDE 0
#include "portable/recurrent/kernels.h"
