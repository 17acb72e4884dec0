"""What an emitted module asks of Zephyr's Kconfig."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

# The option of Zephyr's modules/cmsis-nn/Kconfig that compiles what a wrapper calls, by the start of its file name.
_CMSIS_NN_GROUPS = {
    "activation": "ACTIVATION",
    "add": "BASICMATH",
    "avgpool": "POOLING",
    "concatenation": "CONCATENATION",
    "convolve": "CONVOLUTION",
    "depthwise": "CONVOLUTION",
    "fully": "FULLYCONNECTED",
    "max": "POOLING",
    "mul": "BASICMATH",
    "pad": "PAD",
    "softmax": "SOFTMAX",
    "transpose": "TRANSPOSE",
}


def cmsis_nn_groups(kernel_sources: Iterable[str]) -> list[str]:
    """The groups of CMSIS-NN functions that a module calls, such as ["CONVOLUTION", "POOLING"].

    Args:
        kernel_sources: paths below `kernels_cmsis/`; those outside `cmsis_nn/` need none.
    """
    paths = [PurePosixPath(source) for source in kernel_sources]
    return sorted({_CMSIS_NN_GROUPS[p.name.split("_")[0]] for p in paths if p.parts[0] == "cmsis_nn"})
