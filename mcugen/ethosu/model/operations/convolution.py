"""NPU_OP_CONV and NPU_OP_DEPTHWISE: sums of products with weights from a stream, each channel with bias and scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.feature_map import FeatureMap, Reader
from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.constants import channels_of_cores, read_scale_stream, read_weights
from mcugen.ethosu.model.operations.operation import Operation, Work
from mcugen.ethosu.model.operations.output import OutputStage, accumulator_limit, check_accumulator
from mcugen.ethosu.model.operations.product import product
from mcugen.ethosu.model.operations.window import Window, read_window
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.weights.order import Layout

_COLUMNS_LIMIT = 1 << 24  # numbers in a matrix of columns; what needs more goes element by element of the kernel


@dataclass(frozen=True)
class _Matrix:
    """Weights in the type that computes exactly.

    Attributes:
        values: (kernel height, kernel width, inputs, outputs); depthwise (kernel height, kernel width, outputs).
        fits: whether no input can overflow the accumulators.
    """

    values: npt.NDArray[Any]
    fits: bool


class Convolution(Operation):
    """A convolution, depthwise or not."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        self.is_depthwise = registers.operation.name == "NPU_OP_DEPTHWISE"
        height, width, outputs = shape = self.ofm_shape()
        self.window: Window = read_window(registers, (height, width))
        inputs = registers["IFM_DEPTH_M1"] + 1
        if self.is_depthwise and inputs != outputs:
            raise registers.wrong(f"is depthwise with {inputs} input and {outputs} output channels")
        self.ifm = self.feature_map("IFM", (*self.window.input, inputs))
        if self.ifm.dtype.itemsize > 2:
            raise registers.wrong("convolves an input of 32 bits, which no NPU does")
        ofm = self.feature_map("OFM", shape)
        self.limit = accumulator_limit(self)
        self.stage = OutputStage(self, ofm)
        self.reader = Reader(self.ifm, memory.regions[self.ifm.region])
        self.weights = read_weights(self, self._layouts(1 if self.is_depthwise else inputs, outputs))
        self.scales = read_scale_stream(self, outputs)
        self._weights: npt.NDArray[Any] | None = None
        self._matrix: _Matrix | None = None
        macs = ofm.size * self.window.kernel[0] * self.window.kernel[1] * (1 if self.is_depthwise else inputs)
        kind = "depthwise" if self.is_depthwise else "convolution"
        order = "part-kernel-first" if self._is_part_kernel_first else "depth-first"
        if not self.is_depthwise:
            self.input_slice = 16 if self._is_part_kernel_first else 32 // self.ifm.dtype.itemsize
        self.work = Work(kind, "" if self.is_depthwise else order, self.ifm.shape, shape, self.window.kernel, macs)

    @property
    def _is_part_kernel_first(self) -> bool:
        return not self.is_depthwise and self.registers.choice("KERNEL_STRIDE", "weight_order") == "PART_KERNEL_FIRST"

    def _layouts(self, inputs: int, outputs: int) -> list[Layout]:
        configuration, counts = self.registers.configuration, channels_of_cores(self, outputs)
        depth = self.registers["OFM_BLK_DEPTH_M1"] + 1
        return [
            Layout(
                kernel=self.window.kernel,
                dilation=self.window.dilation,
                inputs=inputs,
                outputs=count,
                block_depth=max(1, len(range(core, depth, len(counts)))),
                ofm_ublock=configuration.ofm_ublock[2],
                ifm_ublock=configuration.ifm_ublock[2],
                is_part_kernel_first=self._is_part_kernel_first,
                is_depthwise=self.is_depthwise,
                item=self.ifm.dtype.itemsize,
            )
            for core, count in enumerate(counts)
        ]

    def warm(self) -> None:
        self._weight_matrix()
        self.scales.get()

    def _weight_matrix(self) -> _Matrix:
        weights = self.weights.get()
        if self._matrix is None or weights is not self._weights:
            self._weights, self._matrix = weights, _matrix(weights, self.ifm, self.is_depthwise, self.limit)
        return self._matrix

    def run(self) -> None:
        matrix, scales = self._weight_matrix(), self.scales.get()
        inputs = self.reader.read().astype(matrix.values.dtype)
        if self.ifm.zero_point:
            inputs -= self.ifm.zero_point
        inputs = self.window.expand(inputs, 0)
        sums = self._depthwise(inputs, matrix.values) if self.is_depthwise else self._dense(inputs, matrix.values)
        if not matrix.fits:
            check_accumulator(self, sums, self.limit)
        multiplier, shift = self.stage.scale if self.stage.is_global else (scales.multiplier, scales.shift)
        self.stage.store(sums.astype(np.int64) + scales.bias, multiplier, shift)

    def _dense(self, inputs: npt.NDArray[Any], weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
        height, width = self.window.output
        elements = height * width * int(np.prod(weights.shape[:3]))
        if elements <= _COLUMNS_LIMIT or weights.shape[:2] == (1, 1):
            sums = product(self.window.columns(inputs), weights.reshape(-1, weights.shape[3]))
            return sums.reshape(height, width, -1)
        sums = np.zeros((height * width, weights.shape[3]), weights.dtype)
        for y, x, seen in self.window.taps(inputs):
            sums += product(seen.reshape(len(sums), -1), weights[y, x])
        return sums.reshape(height, width, -1)

    def _depthwise(self, inputs: npt.NDArray[Any], weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
        sums = np.zeros((*self.window.output, weights.shape[2]), weights.dtype)
        for y, x, seen in self.window.taps(inputs):
            sums += seen * weights[y, x]
        return sums


def _matrix(weights: npt.NDArray[np.int16], ifm: FeatureMap, is_depthwise: bool, limit: int) -> _Matrix:
    """Weights (outputs, height, width, inputs) in the smallest type in which every sum is exact."""
    bounds = np.iinfo(ifm.dtype)
    furthest = max(abs(int(bounds.min) - ifm.zero_point), abs(int(bounds.max) - ifm.zero_point))
    most = furthest * int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
    dtype = np.float32 if most < 1 << 24 else np.float64  # floating point, for the matrix product is fast; sums < 2^53
    values = weights.transpose(1, 2, 3, 0).astype(dtype, order="C")
    return _Matrix(values[:, :, 0] if is_depthwise else values, most < limit)
