"""What every operation ends with: scaling, zero point, activation and table, and the write to the output."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.activation import BUILT_IN, TABLES, Table
from mcugen.ethosu.model.arithmetic import Integers, rescale
from mcugen.ethosu.model.feature_map import FeatureMap, Writer
from mcugen.ethosu.model.memory import SHRAM, contiguous
from mcugen.ethosu.model.operations.operation import Operation

_INT32 = np.iinfo(np.int32)
_ACCUMULATOR_BITS = {"I32": 32, "I40": 40}


class OutputStage:
    """The output stage of one operation.

    Attributes:
        is_global: whether OFM_SCALE is the scale of all channels.
        scale: its multiplier and shift; 1 and 0 where it is not.
        rounding: a key of ROUNDING.
    """

    def __init__(self, operation: Operation, ofm: FeatureMap, *, saturates: bool = False) -> None:
        """Prepares it.

        Args:
            saturates: whether an output of 32 bits that overflows becomes the largest or smallest number; of others it
                is not known.
        """
        registers = operation.registers
        self.registers = registers
        self.is_global = registers.choice("OFM_PRECISION", "scale_mode") == "GLOBAL"
        self.scale = (1, 0)
        if self.is_global:
            self.scale = registers.field("OFM_SCALE", "scale"), registers.field("OFM_SCALE", "shift")
        self.rounding = registers.choice("OFM_PRECISION", "round_mode")
        self._dtype, self._saturates = ofm.dtype, saturates
        self._writer = Writer(ofm, operation.memory.regions[ofm.region])
        is_signed = ofm.dtype.kind == "i"
        self._low, self._high = (registers.signed(f"ACTIVATION_{end}", is_signed) for end in ("MIN", "MAX"))
        if self._low > self._high:
            raise registers.wrong(f"clamps its output to {self._low} to {self._high}")
        self.function = registers.choice("ACTIVATION", "activation_function")
        self._table = self._read_table(operation) if self.function.startswith("TABLE") else None
        # Outputs of 32 bits bypass the zero point and the clamp, but in front of a table.
        self._is_bare = ofm.dtype.itemsize == 4 and self._table is None
        self._zero_point = 0 if self._is_bare else ofm.zero_point
        clip = registers.choice("ACTIVATION", "activation_clip_range")
        if clip != ("FORCE_INT8" if self._table is not None and ofm.dtype.itemsize == 4 else "OFM_PRECISION"):
            raise registers.unknown(f"the range {clip} was not seen yet with outputs of {ofm.dtype}")
        limits = np.iinfo(np.int8 if clip == "FORCE_INT8" else ofm.dtype)
        self._low, self._high = max(self._low, int(limits.min)), min(self._high, int(limits.max))

    def _read_table(self, operation: Operation) -> Table:
        form, configuration = TABLES.get(self._dtype), self.registers.configuration
        if form is None:
            raise self.registers.unknown(f"a table for outputs of {self._dtype} was not seen yet")
        slot = int(self.function.removeprefix("TABLE_"))
        start = configuration.table_start + form.slot_bytes * slot
        operation.table = (start, form.bytes)
        operation.access("table", contiguous(SHRAM, start, form.bytes))
        return form(operation.memory.regions[SHRAM][start : start + form.bytes])

    def store(
        self, values: Integers, multiplier: Integers | int = 1, shift: Integers | int = 0, *, is_scaled: bool = True
    ) -> None:
        """Scales sums (height, width, depth), adds the zero point, applies the activation, writes.

        Args:
            multiplier, shift: of all channels, or one each.
            is_scaled: False where they are 1 and 0.
        """
        if is_scaled:
            values = rescale(values, multiplier, shift, self.rounding)
        if self._zero_point:
            values = values + self._zero_point
        if (function := BUILT_IN.get(self.function)) is not None:
            values = function(values)
        if not self._is_bare:
            values = np.clip(values, self._low, self._high)
        elif self._saturates:
            values = np.clip(values, _INT32.min, _INT32.max)
        elif values.size and not (_INT32.min <= values.min() and values.max() <= _INT32.max):
            raise self.registers.unknown("an output of 32 bits overflows")
        values = self._table(values.astype(np.int64)) if self._table is not None else values
        self._writer.write(values.astype(self._dtype))


def accumulator_limit(operation: Operation) -> int:
    """2 ^ (bits − 1) of the accumulators.

    Raises:
        UnknownBehaviourError: they hold floating-point numbers.
    """
    form = operation.registers.choice("ACC_FORMAT", "acc_format")
    if form not in _ACCUMULATOR_BITS:
        raise operation.registers.unknown(f"accumulators of the format {form} were not seen yet")
    return 1 << (_ACCUMULATOR_BITS[form] - 1)


def check_accumulator(operation: Operation, sums: npt.NDArray[Any], limit: int) -> None:
    """Raises UnknownBehaviourError when sums do not fit the accumulators."""
    if sums.size and not (-limit <= sums.min() and sums.max() < limit):
        raise operation.registers.unknown(f"a sum overflows its accumulator of {limit.bit_length()} bits")
