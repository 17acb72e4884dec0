"""What every operation of a U85 ends with: scaling, zero point, clamp, table, and the write to the output."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.arithmetic import Integers, half_up
from mcugen.ethosu.model.feature_map import Shape
from mcugen.ethosu.model.memory import SHRAM, contiguous
from mcugen.ethosu.model.operations.operation import Operation
from mcugen.ethosu.model.u85.maps import Target
from mcugen.ethosu.model.u85.scaling import Scale

# Input and output types, and the bytes of a table.
_TABLES = {
    "LUT_U8_U8": (np.uint8, "u1", 256),
    "LUT_S8_S8": (np.int8, "i1", 256),
    "LUT_S8_S16": (np.int8, "<i2", 512),
    "LUT_S8_S32": (np.int8, "<i4", 1024),
    "LUT_S16_S16": (np.int16, "<i2", 2048),
    "LUT_S16_S32": (np.int16, "<i2", 2048),
    "LUT_TANH": (np.int16, "<i2", 2048),
    "LUT_SIGMOID": (np.int16, "<i2", 2048),
}
# Bits of the distance between two lines of a table that takes the scaled sum in steps of 1/12288.
_BUILT_IN = {"LUT_TANH": 8, "LUT_SIGMOID": 9}


class Stage:
    """The output stage of one operation.

    Attributes:
        scale: of OFM_SCALE; its multiplier and shift count where `is_global`.
    """

    def __init__(self, operation: Operation, shape: Shape, *, saturates: bool = False) -> None:
        """Prepares it.

        Args:
            saturates: whether an output of 32 bits that overflows becomes the largest or smallest number; of others it
                is not known.
        """
        registers = operation.registers
        self.registers, self._saturates = registers, saturates
        self.target = Target(operation, shape)
        self.is_global = registers.choice("OFM_PRECISION", "scale_mode") == "GLOBAL"
        self.scale = Scale(registers, "OFM_SCALE")
        self.function = registers.choice("ACTIVATION", "activation_function")
        dtype = self.target.dtype
        self._table: npt.NDArray[Any] | None = None
        if self.function != "LUT_NONE":
            form = _TABLES[self.function]
            dtype = np.dtype(form[0])
            self._read_table(operation, *form[1:])
        limits = np.iinfo(dtype)
        self._low, self._high = int(limits.min), int(limits.max)
        clip = registers.choice("ACTIVATION", "activation_clip_range")
        self._is_wide = clip == "NONE" and dtype.itemsize >= 4
        if clip == "B16":
            low, high = (registers.signed(f"ACTIVATION_{end}", dtype.kind == "i") for end in ("MIN", "MAX"))
            if low > high:
                raise registers.wrong(f"clamps its output to {low} to {high}")
            self._low, self._high = max(self._low, low), min(self._high, high)

    def _read_table(self, operation: Operation, form: str, size: int) -> None:
        start = self.registers.field("ACTIVATION", "table") * size
        operation.table = (start, size)
        operation.access("table", contiguous(SHRAM, start, size))
        self._table = operation.memory.regions[SHRAM][start : start + size].view(form)

    def store(
        self, values: Integers, multiplier: Integers | int = 1, shift: Integers | int = 0, *, is_scaled: bool = True
    ) -> None:
        """Scales sums (height, width, depth), adds the zero point, clamps, looks up, writes.

        Args:
            multiplier, shift: of all channels, or one each.
            is_scaled: False where they are 1 and 0.
        """
        if is_scaled:
            values = self.scale.scaled(values, multiplier, shift)
        if self.target.zero_point:
            values = values + self.target.zero_point
        if self.function in _BUILT_IN:
            values = self._curve(values.astype(np.int64), _BUILT_IN[self.function])
        if self._is_wide and not self._saturates:
            self._check_range(values)
        values = np.clip(values, self._low, self._high).astype(np.int64)
        if self._table is not None and self.function not in _BUILT_IN:
            values = self._looked_up(values)
        self.target.write(np.broadcast_to(values, self.target.shape))

    def _check_range(self, values: Integers) -> None:
        if values.size and not (self._low <= values.min() and values.max() <= self._high):
            raise self.registers.unknown(f"an output of {self.target.dtype} overflows")

    def _curve(self, values: Integers, bits: int) -> Integers:
        """tanh or sigmoid, by 512 lines of base and slope from −256; rounded as LiteRT's kernels do."""
        assert self._table is not None
        lines = self._table.astype(np.int64).reshape(512, 2)
        at = np.clip(values >> bits, -256, 255)
        within = np.clip(values - (at << bits), 0, 1 << bits)
        line = (lines[at + 256, 0] << bits) + lines[at + 256, 1] * within
        if self.function == "LUT_SIGMOID":
            line, bits = line + (1 << 15 + bits), bits + 1
        return np.asarray(line + (1 << bits - 1) - (values < 0) >> bits)

    def _looked_up(self, values: Integers) -> Integers:
        assert self._table is not None
        if self.function == "LUT_S16_S32":
            raise self.registers.unknown("a table from 16 to 32 bits was not seen yet")
        if self.function == "LUT_S16_S16":
            lines = self._table.astype(np.int64).reshape(512, 2)
            at = values + 32768 >> 7
            return np.asarray(lines[at, 0] + half_up(lines[at, 1] * (values & 127), 7))
        return self._table[values + (128 if self.function.startswith("LUT_S8") else 0)].astype(np.int64)


def accumulator_limit(operation: Operation) -> int:
    """2 ^ (bits − 1) of the accumulators."""
    return 1 << (31 if operation.registers.choice("ACC_FORMAT", "acc_format") == "I32" else 47)


def check_accumulator(operation: Operation, sums: Integers, limit: int) -> None:
    """Raises UnknownBehaviourError when sums do not fit the accumulators."""
    if sums.size and not (-limit <= sums.min() and sums.max() < limit):
        raise operation.registers.unknown(f"a sum overflows its accumulator of {limit.bit_length()} bits")
