"""NPU_OP_CONV and NPU_OP_DEPTHWISE of a U85: weights from streams, or from the second feature map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.arithmetic import Integers
from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.operation import Work
from mcugen.ethosu.model.operations.product import product
from mcugen.ethosu.model.operations.window import Window, read_window
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.u85.accumulators import Accumulators
from mcugen.ethosu.model.u85.constants import read_scale_stream, read_weights
from mcugen.ethosu.model.u85.maps import Source
from mcugen.ethosu.model.u85.operation import OperationU85
from mcugen.ethosu.model.u85.output import Stage
from mcugen.ethosu.model.weights.order_u85 import LayoutU85


class ConvolutionU85(OperationU85):
    """A convolution, depthwise or not."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        self.is_depthwise = registers.operation.name == "NPU_OP_DEPTHWISE"
        self.is_dynamic = not self.is_depthwise and registers.operation.parameter == 1
        height, width, outputs = shape = self.ofm_shape()
        self.window: Window = read_window(registers, (height, width))
        inputs = registers["IFM_DEPTH_M1"] + 1
        if self.is_depthwise and inputs != outputs:
            raise registers.wrong(f"is depthwise with {inputs} input and {outputs} output channels")
        self.ifm = Source(self, "IFM", (*self.window.input, inputs))
        self.accumulators = Accumulators(self, shape, takes_second=not self.is_dynamic)
        self.stage = Stage(self, shape)
        self.keeps_axes = self.stage.target.keeps_axes
        self.kernel = self.window.kernel
        self._weights: npt.NDArray[np.int16] | None = None
        self._matrix: npt.NDArray[Any] | None = None
        if self.is_dynamic:
            if self.kernel != (1, 1) or height != 1:
                raise registers.unknown("weights from a feature map were not seen yet with a kernel or several rows")
            self.second = Source(self, "IFM2", (1, outputs, inputs))
        else:
            layout = self._layout(1 if self.is_depthwise else inputs, outputs)
            self.weights = read_weights(self, layout)
            self.input_slice = None if self.is_depthwise else layout.input_block
            self.scales = None if self.stage.is_global else read_scale_stream(self, outputs)
        each = 1 if self.is_depthwise else inputs
        kind = "depthwise" if self.is_depthwise else "convolution"
        detail = "" if self.is_depthwise else "dynamic" if self.is_dynamic else self._order
        macs = int(np.prod(shape)) * self.kernel[0] * self.kernel[1] * each
        self.work = Work(kind, detail, self.ifm.shape, shape, self.kernel, macs)

    @property
    def _order(self) -> str:
        is_part = self.registers.choice("KERNEL_STRIDE", "weight_order") == "PART_KERNEL_FIRST"
        return "part-kernel-first" if is_part else "depth-first"

    def _layout(self, inputs: int, outputs: int) -> LayoutU85:
        registers, configuration = self.registers, self.registers.configuration
        is_fast = registers.choice("WEIGHT_FORMAT", "weight_format") == "FWD"
        return LayoutU85(
            kernel=self.kernel,
            stride=self.window.stride,
            dilation=self.window.dilation,
            inputs=inputs,
            outputs=outputs,
            block_depth=registers["OFM_BLK_DEPTH_M1"] + 1,
            ublock_depth=self.ublock[2],
            streams=configuration.cores,
            macs=configuration.macs,
            item=self.ifm.dtype.itemsize,
            is_part_kernel_first=not self.is_depthwise and self._order == "part-kernel-first",
            is_depthwise=self.is_depthwise,
            is_sparse=registers.choice("WEIGHT_FORMAT", "weight_sparsity") == "SPARSE_2_4",
            is_fast=is_fast,
        )

    def warm(self) -> None:
        if not self.is_dynamic:
            self._prepared()

    def _prepared(self) -> npt.NDArray[Any]:
        """Weights (kernel height, width, inputs, outputs), depthwise without the inputs, that compute exactly."""
        weights = self.weights.get()
        if self._matrix is None or weights is not self._weights:
            bounds = np.iinfo(self.ifm.dtype)
            furthest = max(abs(int(bounds.min) - self.ifm.zero_point), abs(int(bounds.max) - self.ifm.zero_point))
            most = furthest * int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
            dtype = np.float32 if most < 1 << 24 else np.float64
            values = weights.transpose(1, 2, 3, 0).astype(dtype, order="C")
            self._weights, self._matrix = weights, values[:, :, 0] if self.is_depthwise else values
        return self._matrix

    def run(self) -> None:
        sums = self._dynamic() if self.is_dynamic else self._sums()
        sums = self.accumulators.take(sums)
        if self.is_dynamic or self.scales is None:
            self.stage.store(sums, self.stage.scale.multiplier, self.stage.scale.shift)
            return
        scales = self.scales.get()
        self.stage.store(sums + scales.bias, scales.multiplier, scales.shift)

    def _dynamic(self) -> Integers:
        """Products with the second feature map: its columns are output channels."""
        return np.asarray(self.ifm.read() @ self.second.read()[0].T)

    def _sums(self) -> Integers:
        weights = self._prepared()
        inputs = self.window.expand(self.ifm.read().astype(weights.dtype), 0)
        height, width = self.window.output
        sums = np.zeros((height * width, weights.shape[-1]), weights.dtype)
        for y, x, seen in self.window.taps(inputs):
            here = seen.reshape(len(sums), -1)
            sums += here * weights[y, x] if self.is_depthwise else product(here, weights[y, x])
        return sums.reshape(height, width, -1).astype(np.int64)
