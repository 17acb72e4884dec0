"""NPU_OP_ELEMENTWISE: one or two feature maps, element by element, the second broadcast or a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mcugen.ethosu.model.arithmetic import ROUNDING, Integers, half_away, half_up, rescale
from mcugen.ethosu.model.feature_map import Reader, registers_of
from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.operation import Operation, Work
from mcugen.ethosu.model.operations.output import OutputStage
from mcugen.ethosu.model.registers import Registers

_UNARY = ("LRELU", "ABS", "CLZ")
_LEFT = {1: 20, 2: 15}
"""Bits that the operand with the smaller scale is shifted left by before its scale, by bytes of an element."""

_MOST_SHIFT = {"SHR": 62, "SHL": 31}


class Elementwise(Operation):
    """An element-wise operation. Its mode is the operation's parameter."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        field = registers.operation.definition.fields[0]
        assert field.values is not None
        self.mode = field.values.get(registers.operation.parameter, "")
        if not self.mode:
            raise registers.wrong(f"has the mode {registers.operation.parameter}, which does not exist")
        shape = self.ofm_shape()
        if (depth := registers["IFM_DEPTH_M1"] + 1) != shape[2]:
            raise registers.wrong(f"makes {shape[2]} channels of {depth}")
        if registers.choice("IFM_UPSCALE", "mode") != "NONE":
            raise registers.unknown("an element-wise operation on an upscaled input was not seen yet")
        self.ifm = self.feature_map("IFM", shape)
        self.reader = Reader(self.ifm, memory.regions[self.ifm.region])
        self.second = None if self.mode in _UNARY else self._second(shape)
        # Found with softmax, whose last steps double 2^30 and need 2^31 − 1.
        self.stage = OutputStage(self, self.feature_map("OFM", shape), saturates=self.mode == "MUL")
        if self.mode == "LRELU" and not self.stage.is_global:
            raise registers.unknown("a leaky ReLU with a scale for each channel was not seen yet")
        self.scaling = self._operand_scaling() if self.mode in ("ADD", "SUB") else None
        self.work = Work("elementwise", self.mode.lower(), shape, shape)

    def _second(self, shape: tuple[int, int, int]) -> Callable[[], Integers]:
        """Reads the second operand, without its zero point."""
        registers = self.registers
        dtype, _ = registers_of(registers, "IFM2")
        if dtype.itemsize != self.ifm.dtype.itemsize:
            raise registers.unknown(f"operands of {self.ifm.dtype} and {dtype} were not seen yet")
        if registers.choice("IFM2_BROADCAST", "broadcast_constant") == "ENABLE":
            is_signed = dtype.kind == "i"
            scalar = registers.signed("IFM2_SCALAR", is_signed) - registers.signed("IFM2_ZERO_POINT", is_signed)
            constant = np.full((1, 1, 1), scalar, np.int64)
            return lambda: constant
        broadcast = [registers.choice("IFM2_BROADCAST", f"broadcast_{axis}") == "ENABLE" for axis in "hwc"]
        height, width, depth = (1 if one else size for one, size in zip(broadcast, shape, strict=True))
        ifm2 = self.feature_map("IFM2", (height, width, depth))
        reader = Reader(ifm2, self.memory.regions[ifm2.region])
        return lambda: reader.read().astype(np.int64) - ifm2.zero_point

    def _operand_scaling(self) -> Callable[[Integers, Integers], tuple[Integers, Integers]]:
        """What scales the operands of a sum or difference to one scale."""
        registers = self.registers
        mode = registers.choice("IFM_PRECISION", "scale_mode")
        if mode == "OPA_OPB_16":
            factor_a, factor_b = registers.field("OPA_SCALE", "scale"), registers.field("OPB_SCALE", "scale")
            if factor_a > 0xFFFF:
                raise registers.wrong(f"has the factor {factor_a} of 16 bits for its first operand")
            return lambda a, b: (a * factor_a, b * factor_b)
        rounding = registers.choice("IFM_PRECISION", "round_mode")
        if self.ifm.dtype.itemsize > 2:
            raise registers.unknown("operands of 32 bits with a scale each were not seen yet")
        multiplier, shift = registers.field("OPA_SCALE", "scale"), registers.field("OPA_SCALE", "shift")
        left = _LEFT[self.ifm.dtype.itemsize]

        def scaled(values: Integers) -> Integers:
            return rescale(values << left, multiplier, shift + left, rounding)

        # The other operand's factor is one half, exactly.
        if mode == "OPA_32":
            return lambda a, b: (scaled(a), b << left - 1)
        return lambda a, b: (a << left - 1, scaled(b))

    def run(self) -> None:
        first = self.reader.read().astype(np.int64) - self.ifm.zero_point
        if self.second is None:
            return self._unary(first)
        second = self.second()
        a, b = (
            (first, second)
            if self.registers.choice("IFM2_BROADCAST", "operand_order") == "ORDER_B"
            else (second, first)
        )
        if self.scaling is not None:
            a, b = self.scaling(a, b)
        if self.mode in _MOST_SHIFT and (b.min() < 0 or b.max() > _MOST_SHIFT[self.mode]):
            raise self.registers.unknown(f"shifts by {b.min()} to {b.max()} were not seen yet")
        result = _BINARY[self.mode](a, b)
        if self.mode == "SHR" and self.stage.rounding != "NATURAL":
            other = half_away if self.stage.rounding == "DBL" else ROUNDING[self.stage.rounding]
            if np.any(result != other(a, b)):
                raise self.registers.unknown(f"a half shifted to the right with {self.stage.rounding} was not seen yet")
        self._store(np.broadcast_to(result, first.shape))

    def _unary(self, values: Integers) -> None:
        if self.mode == "LRELU":
            multiplier, shift = self.stage.scale
            below = rescale(values, multiplier, shift, self.stage.rounding)
            self.stage.store(np.where(values >= 0, values, below), is_scaled=False)
        elif self.mode == "ABS":
            self._store(np.abs(values))
        else:
            self._store(_leading_zeros(values))

    def _store(self, values: Integers) -> None:
        multiplier, shift = self.stage.scale
        if self.mode == "MUL" and self.ifm.dtype.itemsize == 4:
            multiplier = 1  # of products of 32 bits only the shift counts
        self.stage.store(values, multiplier, shift, is_scaled=self.stage.is_global)


def _leading_zeros(values: Integers) -> Integers:
    """Of 32 bits."""
    unsigned = values & 0xFFFFFFFF
    return 32 - np.frexp(unsigned.astype(np.float64))[1].astype(np.int64)


def _shift_left(a: Integers, b: Integers) -> Integers:
    """Within 32 bits, signed."""
    return ((a << b) & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


_BINARY: Mapping[str, Callable[[Integers, Integers], Integers]] = {
    "MUL": np.multiply,
    "ADD": np.add,
    "SUB": np.subtract,
    "MIN": np.minimum,
    "MAX": np.maximum,
    "SHR": half_up,
    "SHL": _shift_left,
}
