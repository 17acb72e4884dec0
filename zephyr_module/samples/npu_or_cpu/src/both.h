/* One network in two modules. */
#ifndef BOTH_H
#define BOTH_H

#include <mcugen/mcugen.h>

enum side { ON_NPU, ON_CPU, SIDES };

/* Runs a sample of the test vectors.
 *
 * scores: of the four words. cycles: of the system clock. Returns MCUGEN_OK or the model's error. */
int both_run(enum side side, int32_t sample, int8_t *scores, uint32_t *cycles);

#endif
