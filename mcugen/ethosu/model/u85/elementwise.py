"""NPU_OP_ELEMENTWISE of a U85: each operand with a scale of its own, either may be broadcast or a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mcugen.ethosu.model.arithmetic import Integers, half_away, half_up
from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.operation import Work
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.u85.maps import Source, broadcast
from mcugen.ethosu.model.u85.operation import OperationU85
from mcugen.ethosu.model.u85.output import Stage
from mcugen.ethosu.model.u85.scaling import SINGLE, Scale

_UNARY = ("LRELU", "ABS", "CLZ", "NOT")
_SCALED = ("ADD", "SUB", "MIN", "MAX", "ABS")


class ElementwiseU85(OperationU85):
    """An element-wise operation. Its mode is the operation's parameter."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        names = registers.operation.definition.fields[0].values
        assert names is not None
        self.mode = names.get(registers.operation.parameter, "")
        if not self.mode:
            raise registers.wrong(f"has the mode {registers.operation.parameter}, which does not exist")
        if self.mode not in (*_UNARY, *_BINARY, "SHR"):
            raise registers.unknown(f"the mode {self.mode} was not seen yet")
        shape = self.ofm_shape()
        if registers.choice("IFM_UPSCALE", "mode") != "NONE":
            raise registers.unknown("an element-wise operation on an upscaled input was not seen yet")
        self.ifm = Source(self, "IFM", broadcast(self, "IFM", shape))
        self.second = None if self.mode in _UNARY else Source(self, "IFM2", broadcast(self, "IFM2", shape))
        self.stage = Stage(self, shape, saturates=self.mode == "MUL")
        self.keeps_axes = self.stage.target.keeps_axes
        self.first_scale = Scale(registers, "IFM_SCALE")
        is_double = self.second is not None or self.mode == "LRELU"
        self.second_scale = Scale(registers, "IFM2_SCALE") if is_double else None
        self.work = Work("elementwise", self.mode.lower(), shape, shape)

    def run(self) -> None:
        first = self.ifm.read()
        if self.second is None:
            return self._unary(first)
        assert self.second_scale is not None
        second = self.second.read()
        if self.mode in _SCALED:
            first, second = self.first_scale(first), self.second_scale(second)
        if self.mode in ("SHL", "SHR", "LSR") and (second.min() < 0 or second.max() > 62):
            raise self.registers.unknown(f"shifts by {second.min()} to {second.max()} were not seen yet")
        scale = self.stage.scale
        result = self._shifted_right(first, second) if self.mode == "SHR" else _BINARY[self.mode](first, second)
        # Of products of 32 bits only the shift counts.
        is_wide = self.mode == "MUL" and self.ifm.dtype.itemsize == 4
        self.stage.store(result, 1 if is_wide else scale.multiplier, scale.shift)

    def _shifted_right(self, values: Integers, shift: Integers) -> Integers:
        """Rounds as OFM_SCALE says."""
        mode = self.stage.scale.mode
        if mode in SINGLE:
            return SINGLE[mode](values, shift)
        result = half_up(values, shift)
        if np.any(result != half_away(values, shift)):
            raise self.registers.unknown(f"a half shifted to the right with {mode} was not seen yet")
        return result

    def _unary(self, values: Integers) -> None:
        scale = self.stage.scale
        if self.mode == "LRELU":
            assert self.second_scale is not None
            result = np.where(values >= 0, self.first_scale(values), self.second_scale(values))
        elif self.mode == "ABS":
            result = np.abs(self.first_scale(values))
        elif self.mode == "NOT":
            result = ~values
        else:
            unsigned = values & 0xFFFFFFFF
            result = 32 - np.frexp(unsigned.astype(np.float64))[1].astype(np.int64)
        self.stage.store(result, scale.multiplier, scale.shift)


def _shift_left(a: Integers, b: Integers) -> Integers:
    """Within 32 bits, signed."""
    return ((a << np.minimum(b, 32)) & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def _logical_right(a: Integers, b: Integers) -> Integers:
    return (a & 0xFFFFFFFF) >> b


_BINARY: Mapping[str, Callable[[Integers, Integers], Integers]] = {
    "MUL": np.multiply,
    "ADD": np.add,
    "SUB": np.subtract,
    "MIN": np.minimum,
    "MAX": np.maximum,
    "SHL": _shift_left,
    "LSR": _logical_right,
    "CMP_EQ": lambda a, b: (a == b).astype(np.int64),
    "CMP_NE": lambda a, b: (a != b).astype(np.int64),
    "CMP_GE": lambda a, b: (a >= b).astype(np.int64),
    "CMP_GT": lambda a, b: (a > b).astype(np.int64),
    "AND": np.bitwise_and,
    "OR": np.bitwise_or,
    "XOR": np.bitwise_xor,
    "AND_NOT": lambda a, b: a & ~b,
}
