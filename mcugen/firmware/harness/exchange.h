/* The only way from the firmware to the machine that runs the emulator, and it is a passive one: the firmware says in a
 * variable what it wants and comes to a point at which whoever watches the core stops it, reads and writes its memory, and
 * lets it go on behind the point. The core itself can reach nothing outside the emulated board. */
#ifndef MCUGEN_EXCHANGE_H
#define MCUGEN_EXCHANGE_H

#include <stdint.h>

/* As in mcugen/emulate/mailbox.py and renode/scripts/mcugen_firmware.py. */
enum exchange_command {
    /* {samples done, addresses of the input ports and of the output ports}: the outputs of the last sample are to be read,
     * the inputs of the next one to be written; answers 1, or 2 when a new sequence starts with it, or 0 when there is none. */
    EXCHANGE_SAMPLE = 1,
    /* {layer, address, bytes}: its output is to be read. */
    EXCHANGE_LAYER = 2,
    /* {exit code, address of struct harness_fact, count}: the end. */
    EXCHANGE_END = 3,
    /* {address of struct mcugen_npu_job}: it is to be run; answers 1 when that went well. */
    EXCHANGE_NPU = 4,
};

/* The watcher's answer. */
uint32_t harness_exchange(enum exchange_command command, uint32_t first, uint32_t second, uint32_t third);

#endif
