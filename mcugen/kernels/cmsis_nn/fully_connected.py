"""Fully connected by CMSIS-NN, with one multiplier or one for each channel."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import FullyConnected, Operator
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel, bias_or_zeros, requantizes_without_overflow, wrapped_int32
from mcugen.kernels.cmsis_nn.core import CoreClass
from mcugen.kernels.cmsis_nn.interface import HeliumSums

# Instructions counted in QEMU: for each so many multiplications of an output, how many these are, for each output.
_COSTS = {
    CoreClass.SCALAR: (3.4, 1, 45.0),
    CoreClass.DSP: (1.9, 1, 58.0),
    CoreClass.MVE: (7.5, 16, 17.5),
}


class _FullyConnected(CmsisNnKernel):
    family: ClassVar[str] = "linear"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_fully_connected_params"
    operator: ClassVar[type[Operator]] = FullyConnected
    per_channel: ClassVar[bool]

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, FullyConnected)
        quantization = graph.tensor(op.inputs[1]).quantization
        assert quantization is not None
        per_channel = len(quantization.scales) > 1
        return per_channel == self.per_channel and requantizes_without_overflow(op, graph)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
        multiplier, shift = op.requantization(tensors, [out])
        constants = [Constant("weights", self.stored(weights)), Constant("sums", self._sums(op, graph))]
        if self.per_channel:
            constants += [Constant("multiplier", multiplier), Constant("shift", shift)]
        return self.invocation(
            op,
            {
                "rows": op.rows(tensors),
                "input_c": weights.shape[1],
                "output_c": weights.shape[0],
                # With bare sums the offset is in the bias already, and what is read as sums does not count.
                "input_offset": 0 if self._sums_of is HeliumSums.WEIGHTS else -x.zero_point,
                "output_offset": out.zero_point,
                "activation_min": op.clamp[0],
                "activation_max": op.clamp[1],
                "sums_in_context": int(self._sums_of is not HeliumSums.KERNEL),
                "sums_in_bias": int(self._sums_of is not HeliumSums.ACCUMULATORS),
                "multiplier": 0 if self.per_channel else int(multiplier[0]),
                "shift": 0 if self.per_channel else int(shift[0]),
            },
            constants=constants,
        )

    @property
    def _sums_of(self) -> HeliumSums:
        return self.interface.helium_sums if self.core is CoreClass.MVE else HeliumSums.KERNEL

    def _sums(self, op: FullyConnected, graph: Graph) -> IntArray:
        """The start of the accumulators; for Helium what `arm_vector_sum_s8` would compute at run time."""
        tensors = graph.input_tensors(op)
        weights = tensors[1]
        assert weights.data is not None
        bias = bias_or_zeros(tensors[2].data if len(tensors) > 2 else None, weights.shape[0])
        if self._sums_of is HeliumSums.KERNEL:
            return bias
        return wrapped_int32(bias.astype(np.int64) - tensors[0].zero_point * weights.data.astype(np.int64).sum(axis=1))

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        step, depth_step, output = _COSTS[self.core]
        return op.rows(graph.input_tensors(op)) * output_c * (step * -(-depth // depth_step) + output) + 60


class FullyConnectedPerTensor(_FullyConnected):
    """arm_fully_connected_s8."""

    name: ClassVar[str] = "fully_connected_s8.cmsis_nn"
    arm: ClassVar[str] = "fully_connected_s8"
    per_channel: ClassVar[bool] = False


class FullyConnectedPerChannel(_FullyConnected):
    """arm_fully_connected_per_channel_s8."""

    name: ClassVar[str] = "fully_connected_per_channel_s8.cmsis_nn"
    arm: ClassVar[str] = "fully_connected_per_channel_s8"
    per_channel: ClassVar[bool] = True
