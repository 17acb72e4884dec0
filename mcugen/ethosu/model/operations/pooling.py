"""NPU_OP_POOL: the greatest value under a kernel, the average, or the sum over channels."""

from __future__ import annotations

import numpy as np

from mcugen.ethosu.model.arithmetic import Integers
from mcugen.ethosu.model.feature_map import Reader
from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.operation import Operation, Work
from mcugen.ethosu.model.operations.output import OutputStage, accumulator_limit, check_accumulator
from mcugen.ethosu.model.operations.window import Window, read_window
from mcugen.ethosu.model.registers import Registers


class Pooling(Operation):
    """A pool. Its mode is the operation's parameter."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        self.mode = _mode(registers)
        height, width, depth = shape = self.ofm_shape()
        self.window: Window = read_window(registers, (height, width))
        inputs = registers["IFM_DEPTH_M1"] + 1
        if depth != (1 if self.mode == "REDUCE_SUM" else inputs):
            raise registers.wrong(f"pools {inputs} channels into {depth}")
        self.ifm = self.feature_map("IFM", (*self.window.input, inputs))
        ofm = self.feature_map("OFM", shape)
        if self.mode == "REDUCE_SUM":
            self.input_slice = 32 // self.ifm.dtype.itemsize
        self.reader = Reader(self.ifm, memory.regions[self.ifm.region])
        self.limit = accumulator_limit(self)
        self.stage = OutputStage(self, ofm)
        if self.window.upscale == "ZEROS" and self.mode == "MAX":
            raise registers.unknown("a maximum over zeros in between was not seen yet")
        self._check_scale()
        self.inside = self._inside() if self.mode == "AVERAGE" and self.window.is_padded else None
        kernel = self.window.kernel
        sums = 0 if self.mode == "MAX" else ofm.size * kernel[0] * kernel[1]
        macs = sums * inputs if self.mode == "REDUCE_SUM" else sums
        self.work = Work("pooling", self.mode.lower().replace("_", " "), self.ifm.shape, shape, kernel, macs)

    def _check_scale(self) -> None:
        """Refuses the scales that were not seen: those of channels, and any in a padded average."""
        if self.mode == "MAX":
            return
        if self.mode == "AVERAGE" and self.window.is_padded:
            if self.stage.scale != (1, 0):
                raise self.registers.unknown("a padded average with a scale was not seen yet")
        elif not self.stage.is_global:
            raise self.registers.unknown(f"{self.mode} with a scale for each channel was not seen yet")

    def _inside(self) -> Integers:
        """How many elements of the kernel lie inside the input, at each output."""
        ones = self.window.expand(np.ones((*self.window.input, 1), np.int64), 0)
        inside = sum(seen for _, _, seen in self.window.taps(ones))
        if np.min(inside) < 1:
            raise self.registers.unknown("an average over padding alone was not seen yet")
        return np.asarray(inside)

    def run(self) -> None:
        values = self.reader.read().astype(np.int64)
        if self.ifm.zero_point:
            values -= self.ifm.zero_point
        if self.mode == "MAX":
            self.stage.store(self._maximum(values), *self.stage.scale, is_scaled=self.stage.is_global)
        elif self.inside is not None:
            sums = self._sum(values)
            half = self.inside // 2
            # Halves away from zero.
            means = np.where(sums >= 0, sums + half, sums - half)
            self.stage.store(np.sign(means) * (np.abs(means) // self.inside), is_scaled=False)
        else:
            self.stage.store(self._sum(values), *self.stage.scale)

    def _maximum(self, values: Integers) -> Integers:
        lowest = np.iinfo(np.int64).min
        seen = (tap for _, _, tap in self.window.taps(self.window.expand(values, lowest)))
        result = next(seen).copy()
        for tap in seen:
            np.maximum(result, tap, out=result)
        return result

    def _sum(self, values: Integers) -> Integers:
        expanded = self.window.expand(values, 0)
        if self.mode == "REDUCE_SUM":
            expanded = expanded.sum(axis=2, keepdims=True)
        sums = np.zeros((*self.window.output, expanded.shape[2]), np.int64)
        for _, _, seen in self.window.taps(expanded):
            sums += seen
        check_accumulator(self, sums, self.limit)
        return sums


def _mode(registers: Registers) -> str:
    """The mode that an operation's parameter names."""
    field = registers.operation.definition.fields[0]
    assert field.values is not None
    mode = field.values.get(registers.operation.parameter)
    if mode is None:
        raise registers.wrong(f"has the mode {registers.operation.parameter}, which does not exist")
    return mode
