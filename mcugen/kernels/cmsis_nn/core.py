"""The classes of core that CMSIS-NN has code for, and the working memory that its functions want on each.

The sizes mirror `arm_*_get_buffer_size`: the plan needs them before anything is compiled. They are held against the
library's own functions by the tests (on the host, all classes), by static assertions in the emitted C, and at run time
under MCUGEN_DEBUG.
"""

from __future__ import annotations

from enum import Enum

from mcugen.boards.board import Cpu
from mcugen.kernels.cmsis_nn.interface import HeliumSums

# Channels that the Helium depthwise kernel works on at once: CH_IN_BLOCK_MVE in arm_nnsupportfunctions.h.
_DEPTHWISE_BLOCK_MVE = 124


class CoreClass(Enum):
    """Which of CMSIS-NN's three implementations is compiled; the value is the suffix of the C macro."""

    SCALAR = "SCALAR"
    DSP = "DSP"
    MVE = "MVE"


def core_class(cpu: Cpu) -> CoreClass:
    """The class of a CPU, as arm_nn_math_types.h derives it from the compiler's architecture macros."""
    if cpu.mve != "none":
        return CoreClass.MVE
    return CoreClass.DSP if cpu.dsp else CoreClass.SCALAR


def convolve_bytes(core: CoreClass, elements: int) -> int:
    """`arm_convolve_s8_get_buffer_size`: four columns of int8 with Helium, two of int16 without.

    Releases with V11 of the interface want the same or, as they fill up columns less, a little less.

    Args:
        elements: kernel height x width x input channels (of all groups).
    """
    multiple = 16 if core is CoreClass.MVE else 4
    return 4 * multiple * -(-elements // multiple)


def convolve_s16_bytes(core: CoreClass, elements: int) -> int:
    """`arm_convolve_s16_get_buffer_size`, from V16 on: four columns of int16 with Helium, two without."""
    return 64 * -(-elements // 8) if core is CoreClass.MVE else 4 * elements


def depthwise_fast_s16_bytes(core: CoreClass, kernel_size: int, channels: int) -> int:
    """`arm_depthwise_conv_fast_s16_get_buffer_size`."""
    if core is CoreClass.MVE:
        return 8 * kernel_size * channels + 8
    return 2 * kernel_size * channels if core is CoreClass.DSP else 0


def depthwise_opt_bytes(core: CoreClass, kernel_size: int, channels: int) -> int:
    """`arm_depthwise_conv_s8_opt_get_buffer_size`."""
    if core is CoreClass.MVE:
        return 4 * _DEPTHWISE_BLOCK_MVE * kernel_size
    return 2 * kernel_size * channels if core is CoreClass.DSP else 0


def avgpool_bytes(core: CoreClass, channels: int) -> int:
    """`arm_avgpool_s8_get_buffer_size`, and that of s16: an int32 sum for each channel on DSP cores."""
    return 4 * channels if core is CoreClass.DSP else 0


def kernel_sum_bytes(core: CoreClass, output_c: int, helium_sums: HeliumSums = HeliumSums.ACCUMULATORS) -> int:
    """`arm_fully_connected_s8_get_buffer_size`: no working memory, but what the caller has to precompute."""
    return 4 * output_c if core is CoreClass.MVE and helium_sums is not HeliumSums.KERNEL else 0
