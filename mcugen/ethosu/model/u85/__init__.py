"""The operations of a U85, whose registers and rounding differ from those of U55 and U65."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations import Operation
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.u85.convolution import ConvolutionU85
from mcugen.ethosu.model.u85.dma import TransferU85
from mcugen.ethosu.model.u85.elementwise import ElementwiseU85
from mcugen.ethosu.model.u85.pooling import PoolingU85
from mcugen.ethosu.model.u85.resize import ResizeU85

OPERATIONS_U85: Mapping[str, Callable[[Registers, Memory], Operation]] = {
    "NPU_OP_CONV": ConvolutionU85,
    "NPU_OP_DEPTHWISE": ConvolutionU85,
    "NPU_OP_POOL": PoolingU85,
    "NPU_OP_ELEMENTWISE": ElementwiseU85,
    "NPU_OP_RESIZE": ResizeU85,
    "NPU_OP_DMA_START": TransferU85,
}

__all__ = ["OPERATIONS_U85"]
