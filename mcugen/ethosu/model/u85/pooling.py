"""NPU_OP_POOL of a U85: greatest and least value, average, sum under a kernel, sum over channels, or nothing at all."""

from __future__ import annotations

import numpy as np

from mcugen.ethosu.model.arithmetic import Integers
from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.operation import Work
from mcugen.ethosu.model.operations.window import Window, read_window
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.u85.accumulators import Accumulators
from mcugen.ethosu.model.u85.constants import read_scale_stream
from mcugen.ethosu.model.u85.maps import Source
from mcugen.ethosu.model.u85.operation import OperationU85
from mcugen.ethosu.model.u85.output import Stage

_SUMS = ("AVERAGE", "SUM", "REDUCE_SUM", "NONE")


class PoolingU85(OperationU85):
    """A pool. Its mode is the operation's parameter."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        names = registers.operation.definition.fields[0].values
        assert names is not None
        self.mode = names.get(registers.operation.parameter, "")
        if not self.mode:
            raise registers.wrong(f"has the mode {registers.operation.parameter}, which does not exist")
        if self.mode.startswith("ARGMAX"):
            raise registers.unknown(f"the mode {self.mode} was not seen yet")
        height, width, depth = shape = self.ofm_shape()
        self.window: Window = read_window(registers, (height, width))
        inputs = registers["IFM_DEPTH_M1"] + 1
        if depth != (1 if self.mode == "REDUCE_SUM" else inputs):
            raise registers.wrong(f"pools {inputs} channels into {depth}")
        self.ifm = None if self.mode == "NONE" else Source(self, "IFM", (*self.window.input, inputs))
        self.accumulators = Accumulators(self, shape) if self.mode in _SUMS else None
        if self.ifm is None and (self.accumulators is None or self.accumulators.second is None):
            raise registers.unknown("a pool of nothing without a second feature map was not seen yet")
        self.stage = Stage(self, shape)
        self.keeps_axes = self.stage.target.keeps_axes
        if self.window.upscale == "ZEROS" and self.mode in ("MAX", "MIN"):
            raise registers.unknown("a maximum over zeros in between was not seen yet")
        if self.mode == "REDUCE_SUM" and self.ifm is not None:
            self.input_slice = 64 // self.ifm.dtype.itemsize
        self.scales = None if self.stage.is_global else read_scale_stream(self, depth)
        kernel = self.window.kernel
        sums = 0 if self.mode in ("MAX", "MIN", "NONE") else int(np.prod(shape)) * kernel[0] * kernel[1]
        macs = sums * inputs if self.mode == "REDUCE_SUM" else sums
        ifm = (*self.window.input, inputs)
        self.work = Work("pooling", self.mode.lower().replace("_", " "), ifm, shape, kernel, macs)

    def run(self) -> None:
        if self.mode in ("MAX", "MIN"):
            values = self._extreme()
        elif self.mode == "AVERAGE":
            values = self._average(self._sum())
        else:
            values = np.zeros(self.stage.target.shape, np.int64) if self.ifm is None else self._sum()
        if self.accumulators is not None:
            values = self.accumulators.take(values)
        if self.scales is None:
            self.stage.store(values, self.stage.scale.multiplier, self.stage.scale.shift)
        else:
            scales = self.scales.get()
            self.stage.store(values + scales.bias, scales.multiplier, scales.shift)

    def _extreme(self) -> Integers:
        assert self.ifm is not None
        pick = np.maximum if self.mode == "MAX" else np.minimum
        limits = np.iinfo(np.int64)
        outside = limits.min if self.mode == "MAX" else limits.max
        seen = (tap for _, _, tap in self.window.taps(self.window.expand(self.ifm.read(), outside)))
        result = next(seen).copy()
        for tap in seen:
            pick(result, tap, out=result)
        return result

    def _sum(self) -> Integers:
        assert self.ifm is not None
        expanded = self.window.expand(self.ifm.read(), 0)
        if self.mode == "REDUCE_SUM":
            expanded = expanded.sum(axis=2, keepdims=True)
        sums = np.zeros((*self.window.output, expanded.shape[2]), np.int64)
        for _, _, seen in self.window.taps(expanded):
            sums += seen
        return sums

    def _average(self, sums: Integers) -> Integers:
        """Divides by the elements that lie inside the input, halves away from zero."""
        ones = self.window.expand(np.ones((*self.window.input, 1), np.int64), 0)
        inside = np.asarray(sum(seen for _, _, seen in self.window.taps(ones)))
        if np.min(inside) < 1:
            raise self.registers.unknown("an average over padding alone was not seen yet")
        means = np.where(sums >= 0, sums + inside // 2, sums - inside // 2)
        return np.asarray(np.sign(means) * (np.abs(means) // inside))
