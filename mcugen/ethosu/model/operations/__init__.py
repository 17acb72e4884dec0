"""The NPU's operations: each is prepared once from the registers, and run as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.convolution import Convolution
from mcugen.ethosu.model.operations.dma import Transfer
from mcugen.ethosu.model.operations.elementwise import Elementwise
from mcugen.ethosu.model.operations.operation import Operation
from mcugen.ethosu.model.operations.pooling import Pooling
from mcugen.ethosu.model.registers import Registers

OPERATIONS: Mapping[str, Callable[[Registers, Memory], Operation]] = {
    "NPU_OP_CONV": Convolution,
    "NPU_OP_DEPTHWISE": Convolution,
    "NPU_OP_POOL": Pooling,
    "NPU_OP_ELEMENTWISE": Elementwise,
    "NPU_OP_DMA_START": Transfer,
}

__all__ = ["OPERATIONS", "Operation", "Transfer"]
