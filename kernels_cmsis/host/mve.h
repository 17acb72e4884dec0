/* Plain C for the intrinsics that the kernels in `mve/` use: names and semantics of arm_mve.h.
 * Source: Arm C Language Extensions, "M-profile Vector Extension (MVE) intrinsics"; Armv8-M Architecture Reference Manual.
 */
#ifndef MCUGEN_HOST_MVE_H
#define MCUGEN_HOST_MVE_H

#include "host/mve/across.h"
#include "host/mve/arithmetic.h"
#include "host/mve/memory.h"
#include "host/mve/scaling.h"

#endif
