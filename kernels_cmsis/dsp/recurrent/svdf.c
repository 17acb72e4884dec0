/* SVDF layers on dual 16-bit products. */
#include "dsp/recurrent/recurrent_dot.h"

#define MCUGEN_RECURRENT(name) mcugen_dsp_##name
#define MCUGEN_RECURRENT_DOT mcugen_recurrent_dot_dsp
#include "portable/recurrent/svdf.h"
