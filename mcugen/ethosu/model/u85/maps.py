"""Where a U85's operation reads its inputs and leaves its output: memory, a buffer inside the NPU, or a number.

An output may change places of its axes on the way to memory, or run backwards along one of them.

Source: `ethos_u85_register_cs_generator.cpp` of Arm's Vela 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.arithmetic import Integers
from mcugen.ethosu.model.feature_map import Reader, Shape, Writer, registers_of
from mcugen.ethosu.model.operations.operation import Operation

_AXES = {"H": 0, "W": 1, "C": 2}
_MODES = {"NONE": "", "H": "H", "W": "W", "HW": "HW", "C": "C", "CH": "HC", "CW": "WC", "CWH": "HWC"}


class Source:
    """An input.

    Attributes:
        shape: height, width, depth as they lie there: 1 along an axis that is broadcast.
        dtype: of its elements.
        zero_point: that is subtracted from them.
    """

    def __init__(self, operation: Operation, name: str, shape: Shape) -> None:
        """Reads the registers of IFM or IFM2."""
        registers = operation.registers
        self.dtype, _ = registers_of(registers, name)
        self.zero_point = registers.signed(f"{name}_ZERO_POINT", self.dtype.kind == "i")
        self.shape = shape
        storage = registers.choice(f"{name}_PRECISION", "activation_storage")
        self._read = self._reader(operation, name, storage)

    def _reader(self, operation: Operation, name: str, storage: str) -> Callable[[], npt.NDArray[Any]]:
        registers = operation.registers
        if storage == "TILE2X2":
            fm = operation.feature_map(name, self.shape)
            return Reader(fm, operation.memory.regions[fm.region]).read
        if storage == "CHAINED":
            number = registers[f"{name}_REGION"]
            return lambda: _kept(operation, name, number, self.shape)
        if storage == "NONE":
            self.shape = (1, 1, 1)
            value = registers["OP_SCALAR"]
            bits = 8 * self.dtype.itemsize
            value &= (1 << bits) - 1
            if self.dtype.kind == "i" and value >> (bits - 1):
                value -= 1 << bits
            constant = np.full((1, 1, 1), value, np.int64)
            return lambda: constant
        raise registers.unknown(f"an {name} in tiles of {storage} was not seen yet")

    def raw(self) -> Integers:
        """Its elements as they lie there."""
        return self._read().astype(np.int64)

    def read(self) -> Integers:
        """Its elements without the zero point."""
        values = self.raw()
        return values - self.zero_point if self.zero_point else values


def _kept(operation: Operation, name: str, number: int, shape: Shape) -> Integers:
    values = operation.memory.buffers.get(number)
    if values is None:
        raise operation.registers.wrong(f"reads its {name} from the chaining buffer {number}, which is empty")
    if values.size != math.prod(shape):
        sizes = "×".join(map(str, shape))
        raise operation.registers.wrong(
            f"reads an {name} of {sizes} elements from the chaining buffer {number}, which holds {values.size}"
        )
    return values.reshape(shape)


def broadcast(operation: Operation, name: str, shape: Shape) -> Shape:
    """The shape of an element-wise operand that its broadcast mode leaves."""
    mode = operation.registers.choice(f"{name}_BROADCAST", "broadcast_mode")
    if mode == "SCALAR":
        return (1, 1, 1)
    height, width, depth = (1 if axis in _MODES[mode] else size for axis, size in zip("HWC", shape, strict=True))
    return height, width, depth


class Target:
    """An output.

    Attributes:
        shape: height, width, depth before its axes change places.
        dtype: of its elements.
    """

    def __init__(self, operation: Operation, shape: Shape) -> None:
        registers = operation.registers
        self.shape = shape
        self.dtype, _ = registers_of(registers, "OFM")
        self.zero_point = registers.signed("OFM_ZERO_POINT", self.dtype.kind == "i")
        storage = registers.choice("OFM_PRECISION", "activation_storage")
        order = registers.choice("OFM_PRECISION", "activation_transpose")
        reverse = registers.choice("OFM_PRECISION", "activation_reverse")
        self.axes = tuple(_AXES[axis] for axis in order)
        self.reversed_axis = None if reverse == "NONE" else _AXES[reverse]
        self._write: Callable[[npt.NDArray[Any]], None]
        if storage == "CHAINED":
            number, buffers = registers["OFM_REGION"], operation.memory.buffers

            def keep(values: npt.NDArray[Any]) -> None:
                buffers[number] = values.astype(np.int64)

            self._write = keep
        elif storage == "TILE2X2":
            height, width, depth = (shape[axis] for axis in self.axes)
            fm = operation.feature_map("OFM", (height, width, depth))
            self._write = Writer(fm, operation.memory.regions[fm.region]).write
        else:
            raise registers.unknown(f"an OFM in tiles of {storage} was not seen yet")

    @property
    def keeps_axes(self) -> bool:
        return self.axes == (0, 1, 2) and self.reversed_axis is None

    def write(self, values: npt.NDArray[Any]) -> None:
        """Stores values (height, width, depth), which must be within the type's range."""
        if self.reversed_axis is not None:
            values = np.flip(values, self.reversed_axis)
        self._write(values.transpose(self.axes).astype(self.dtype))
