"""Convolution and fully connected of int16 by CMSIS-NN, where its functions are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, FullyConnected, Operator
from mcugen.graph.ops.weighted import accumulates_64_bits
from mcugen.kernels.base import Constant, Invocation, ParamValue
from mcugen.kernels.cmsis_nn.base import LARGEST_SIZE, CmsisNnKernel, requantizes_without_overflow
from mcugen.kernels.cmsis_nn.convolve import convolve_params, sizes_fit
from mcugen.kernels.cmsis_nn.core import CoreClass, convolve_s16_bytes
from mcugen.kernels.cmsis_nn.int16 import (
    MOST_COLUMNS,
    bias_of,
    channel_constants,
    first_columns_fit,
    reduces_without_overflow,
    sums_fit_32_bits,
)
from mcugen.kernels.images import cost_per_image, per_image

# Instructions counted in QEMU (GCC 12, -O3): for each multiplication, the same of positions that are left over, for
# each output, for each gathered element.
_COSTS = {
    CoreClass.SCALAR: (2.3, 6.0, 65.0, 5.0),
    CoreClass.DSP: (1.8, 2.7, 75.0, 2.3),
    CoreClass.MVE: (0.45, 1.7, 28.0, 0.9),
}
_AT_ONCE = {CoreClass.SCALAR: 2, CoreClass.DSP: 2, CoreClass.MVE: 4}
# The function of V11 has 64-bit accumulators and no columns.
_V11_COST = (9.0, 9.0, 90.0, 0.0)


class _ByColumns(CmsisNnKernel):
    """arm_convolve_s16 without groups.

    But with Helium, the last one of an odd number of positions is summed in 32 bits, whatever the bias has: then all
    sums must fit them.
    """

    arm: ClassVar[str] = "convolve_s16"
    family: ClassVar[str] = "convolution"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    params_type: ClassVar[str] = "mcugen_cmsis_nn_convolve_params"

    def right(self, op: Conv2d | FullyConnected, graph: Graph, positions: int) -> bool:
        """True when no accumulator or requantization leaves its bits."""
        tensors = graph.input_tensors(op)
        if not accumulates_64_bits(tensors):
            return self.interface.typed_bias and requantizes_without_overflow(op, graph)
        if not reduces_without_overflow(op, graph):
            return False
        if not self.interface.typed_bias:
            return True
        narrow_last = self.core is not CoreClass.MVE and positions % 2 == 1
        return sums_fit_32_bits(tensors[1]) if narrow_last else first_columns_fit(tensors[1])

    def call(self, op: Conv2d | FullyConnected, graph: Graph, params: Mapping[str, ParamValue]) -> Invocation:
        """Of the function of this release, for one image."""
        weights = graph.tensor(op.inputs[1])
        if not self.interface.typed_bias:
            constants = channel_constants(op, graph, self.stored(weights))
            return self.invocation(op, params, constants=constants, function="convolve_s16_v11")
        # Helium reads one vector of weights ahead.
        ahead = 8 if self.core is CoreClass.MVE else 0
        elements = weights.elements // weights.shape[0]
        bias = bias_of(op, graph)
        return self.invocation(
            op,
            {**params, "bias_bytes": bias.itemsize},
            constants=channel_constants(op, graph, np.pad(self.stored(weights), (0, ahead))),
            scratch=(f"MCUGEN_CMSIS_NN_CONVOLVE_S16_BYTES({elements})", convolve_s16_bytes(self.core, elements)),
        )

    def columns_cost(self, positions: int, depth: int, output_c: int) -> float:
        """Estimated instructions for one image."""
        costs = _COSTS[self.core] if self.by_columns else _V11_COST
        per_mac, per_last_mac, per_output, per_element = costs
        last = positions % _AT_ONCE[self.core]
        macs = (positions - last) * per_mac + last * per_last_mac
        return depth * (output_c * macs + positions * per_element) + positions * (output_c * per_output + 40) + 100

    @property
    def by_columns(self) -> bool:
        """Whether the function gathers columns and has 32-bit accumulators for most."""
        return self.interface.typed_bias


class ConvolveS16(_ByColumns):
    """arm_convolve_s16: one group. With groups it reads all input channels for each."""

    name: ClassVar[str] = "convolve_s16.cmsis_nn"
    operator: ClassVar[type[Operator]] = Conv2d

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        out = graph.tensor(op.outputs[0])
        one_group = op.groups(graph.input_tensors(op)) == 1
        return one_group and sizes_fit(op, graph) and self.right(op, graph, out.shape[1] * out.shape[2])

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        _, kernel_h, kernel_w, kernel_c = graph.tensor(op.inputs[1]).shape
        return self.call(op, graph, convolve_params(op, graph, (kernel_h, kernel_w), kernel_c))

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        depth = weights.elements // weights.shape[0]
        return self.columns_cost(out.shape[1] * out.shape[2], depth, out.shape[3])


class ConvolveFastS16(ConvolveS16):
    """arm_convolve_fast_s16 of V11: less than 512 elements in a column, no dilation, DSP instructions."""

    name: ClassVar[str] = "convolve_fast_s16.cmsis_nn"
    arm: ClassVar[str] = "convolve_fast_s16"
    cores: ClassVar[tuple[CoreClass, ...]] = (CoreClass.DSP,)

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        weights = graph.tensor(op.inputs[1])
        short = weights.elements // weights.shape[0] < MOST_COLUMNS and op.dilation == (1, 1)
        return short and first_columns_fit(weights) and super().exact(op, graph)

    def call(self, op: Conv2d | FullyConnected, graph: Graph, params: Mapping[str, ParamValue]) -> Invocation:
        weights = graph.tensor(op.inputs[1])
        elements = weights.elements // weights.shape[0]
        return self.invocation(
            op,
            params,
            constants=channel_constants(op, graph, self.stored(weights)),
            scratch=(f"MCUGEN_CMSIS_NN_CONVOLVE_S16_BYTES({elements})", convolve_s16_bytes(self.core, elements)),
        )

    @property
    def by_columns(self) -> bool:
        return True


class FullyConnectedAsConvolveS16(_ByColumns):
    """arm_convolve_s16 of 1x1: has 32-bit accumulators and a scale for each channel, which arm_fully_connected_s16
    has not. The rows are the positions."""

    name: ClassVar[str] = "fully_connected_as_convolve_s16.cmsis_nn"
    operator: ClassVar[type[Operator]] = FullyConnected

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        rows = op.rows(tensors)
        return max(rows, *tensors[1].shape) <= LARGEST_SIZE and self.right(op, graph, rows)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        (output_c, depth), rows = tensors[1].shape, op.rows(tensors)
        ones = dict.fromkeys(
            ("input_h", "output_h", "kernel_h", "kernel_w", "stride_h", "stride_w", "dilation_h", "dilation_w"), 1
        )
        zeros = dict.fromkeys(("pad_h", "pad_w", "input_offset", "output_offset", "scratch_bytes"), 0)
        own = {"input_w": rows, "input_c": depth, "output_w": rows, "output_c": output_c, "kernel_c": depth}
        limits = {"activation_min": op.clamp[0], "activation_max": op.clamp[1]}
        return self.call(op, graph, ones | zeros | own | limits)

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        output_c, depth = tensors[1].shape
        return self.columns_cost(op.rows(tensors), depth, output_c)


class FullyConnectedS16(CmsisNnKernel):
    """arm_fully_connected_s16: 64-bit accumulators, whose multipliers have 16 bits, and one scale."""

    name: ClassVar[str] = "fully_connected_s16.cmsis_nn"
    arm: ClassVar[str] = "fully_connected_s16"
    family: ClassVar[str] = "linear"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    params_type: ClassVar[str] = "mcugen_cmsis_nn_fully_connected_params"
    operator: ClassVar[type[Operator]] = FullyConnected
    costs: ClassVar[dict[CoreClass, tuple[float, float]]] = {
        CoreClass.SCALAR: (4.6, 45.0),
        CoreClass.DSP: (1.9, 45.0),
        CoreClass.MVE: (0.75, 40.0),
    }

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        quantization = tensors[1].quantization
        assert quantization is not None
        wide = len(quantization.scales) == 1 and accumulates_64_bits(tensors)
        return wide and reduces_without_overflow(op, graph) and first_columns_fit(tensors[1])

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        weights = tensors[1]
        multiplier, shift = op.requantization(tensors, [out])
        return self.invocation(
            op,
            {
                "rows": op.rows(tensors),
                "input_c": weights.shape[1],
                "output_c": weights.shape[0],
                "input_offset": 0,
                "output_offset": 0,
                "activation_min": op.clamp[0],
                "activation_max": op.clamp[1],
                "sums_in_context": 0,
                "sums_in_bias": 0,
                "multiplier": int(multiplier[0]),
                "shift": int(shift[0]),
            },
            constants=(
                Constant("weights", self.stored(weights)),
                Constant("bias", bias_of(op, graph).astype(np.int64), 8),
            ),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        output_c, depth = tensors[1].shape
        per_mac, per_output = self.costs[self.core]
        return op.rows(tensors) * output_c * (depth * per_mac + per_output) + 60
