"""Convolution by CMSIS-NN: any kernel, and two forms of 1x1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypedDict

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation, ParamValue
from mcugen.kernels.cmsis_nn.base import (
    LARGEST_SIZE,
    CmsisNnKernel,
    bias_or_zeros,
    requantizes_without_overflow,
)
from mcugen.kernels.cmsis_nn.core import CoreClass, convolve_bytes
from mcugen.kernels.cmsis_nn.interface import Interface
from mcugen.kernels.images import cost_per_image, per_image


def convolve_params(
    op: Conv2d | DepthwiseConv2d, graph: Graph, kernel: Sequence[int], kernel_c: int
) -> dict[str, ParamValue]:
    """The fields of struct mcugen_cmsis_nn_convolve_params.

    Args:
        kernel: (height, width).
        kernel_c: input channels of one group.
    """
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    return {
        "input_h": x.shape[1],
        "input_w": x.shape[2],
        "input_c": x.shape[3],
        "output_h": out.shape[1],
        "output_w": out.shape[2],
        "output_c": out.shape[3],
        "kernel_h": kernel[0],
        "kernel_w": kernel[1],
        "kernel_c": kernel_c,
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_h": op.padding[0],
        "pad_w": op.padding[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
        "input_offset": -x.zero_point,
        "output_offset": out.zero_point,
        "activation_min": op.clamp[0],
        "activation_max": op.clamp[1],
        "scratch_bytes": 0,
    }


def channel_constants(op: Conv2d | DepthwiseConv2d, graph: Graph, weights: IntArray) -> tuple[Constant, ...]:
    """Weights, bias, multipliers and shifts in call order."""
    tensors = graph.input_tensors(op)
    multiplier, shift = op.requantization(tensors, graph.output_tensors(op))
    bias = bias_or_zeros(tensors[2].data if len(tensors) > 2 else None, len(multiplier))
    arrays = {"weights": weights, "bias": bias, "multiplier": multiplier, "shift": shift}
    return tuple(Constant(role, values.reshape(-1)) for role, values in arrays.items())


class ConvolveCall(TypedDict):
    """Arguments of `CmsisNnKernel.invocation`."""

    function: str
    scratch: tuple[str, int]


def convolve_call(core: CoreClass, interface: Interface, elements: int) -> ConvolveCall:
    """The wrapper of arm_convolve_s8, which got one more argument, and its scratch for columns of `elements`."""
    return {
        "function": "convolve_s8" if interface.upscale else "convolve_s8_v11",
        "scratch": (f"MCUGEN_CMSIS_NN_CONVOLVE_BYTES({elements})", convolve_bytes(core, elements)),
    }


def sizes_fit(op: Conv2d | DepthwiseConv2d, graph: Graph) -> bool:
    """All sizes and positions fit the 16 bits that CMSIS-NN keeps them in."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    column = weights.shape[1] * weights.shape[2] * x.shape[3]
    spans = [n * d for n, d in zip(weights.shape[1:3], op.dilation, strict=True)]
    sizes = (*x.shape, *out.shape, *op.stride, *op.padding, *op.dilation, *spans, column)
    return max(sizes) <= LARGEST_SIZE


class Convolve(CmsisNnKernel):
    """arm_convolve_s8: columns of the input are gathered in scratch; groups and dilation too."""

    name: ClassVar[str] = "convolve_s8.cmsis_nn"
    arm: ClassVar[str] = "convolve_s8"
    family: ClassVar[str] = "convolution"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_convolve_params"
    operator: ClassVar[type[Operator]] = Conv2d

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        fits = sizes_fit(op, graph) and requantizes_without_overflow(op, graph)
        return fits and (self.interface.grouped or op.groups(graph.input_tensors(op)) == 1)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, weights = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1])
        _, kernel_h, kernel_w, kernel_c = weights.shape
        elements = kernel_h * kernel_w * x.shape[3]
        return self.invocation(
            op,
            convolve_params(op, graph, (kernel_h, kernel_w), kernel_c),
            constants=channel_constants(op, graph, self.stored(weights)),
            **self.call(elements),
        )

    def call(self, elements: int) -> ConvolveCall:
        """The function, and its scratch for columns of so many elements."""
        return convolve_call(self.core, self.interface, elements)

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        groups = op.groups(graph.input_tensors(op))
        depth = weights.elements // weights.shape[0]
        taps = weights.shape[1] * weights.shape[2]
        positions = out.shape[1] * out.shape[2]
        return convolve_cost(self.core, positions, taps, depth, weights.shape[0] // groups, groups)


class _Pointwise(CmsisNnKernel):
    """1x1 without padding or groups: a matrix product straight from the input."""

    family: ClassVar[str] = "convolution"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_convolve_params"
    operator: ClassVar[type[Operator]] = Conv2d
    strided: ClassVar[bool]

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        plain = graph.tensor(op.inputs[1]).shape[1:3] == (1, 1) and not any(op.padding)
        stride = (op.stride != (1, 1)) == self.strided
        fits = sizes_fit(op, graph) and requantizes_without_overflow(op, graph)
        return plain and stride and op.groups(graph.input_tensors(op)) == 1 and fits

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        weights = graph.tensor(op.inputs[1])
        params = convolve_params(op, graph, (1, 1), weights.shape[3]) | {"dilation_h": 1, "dilation_w": 1}
        return self.invocation(op, params, constants=channel_constants(op, graph, self.stored(weights)))

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        calls = out.shape[1] if self.strided else 1
        return calls * product_cost(self.core, out.shape[1] * out.shape[2] // calls, weights.shape[3], weights.shape[0])


class Convolve1x1Fast(_Pointwise):
    """arm_convolve_1x1_s8_fast: stride 1."""

    name: ClassVar[str] = "convolve_1x1_s8_fast.cmsis_nn"
    arm: ClassVar[str] = "convolve_1x1_s8_fast"
    strided: ClassVar[bool] = False


class Convolve1x1(_Pointwise):
    """arm_convolve_1x1_s8: any stride."""

    name: ClassVar[str] = "convolve_1x1_s8.cmsis_nn"
    arm: ClassVar[str] = "convolve_1x1_s8"
    strided: ClassVar[bool] = True


@dataclass(frozen=True)
class _ProductCost:
    """Instructions of CMSIS-NN's matrix products, fitted to counts in QEMU (GCC 12, -O3).

    Attributes:
        step, depth_step: for each `depth_step` multiplications of one output, begun ones included.
        output: for each output.
        weight_sum: for each weight and call: the sum of a row of weights, which the offset is multiplied with.
        tap, gathered: gathering a column: for each tap of the kernel, for each element.
    """

    step: float
    depth_step: int
    output: float
    weight_sum: float
    tap: float
    gathered: float


_COSTS = {
    CoreClass.SCALAR: _ProductCost(2.5, 1, 39, 4.0, 50, 5.6),
    CoreClass.DSP: _ProductCost(1.5, 1, 45, 3.0, 50, 2.8),
    CoreClass.MVE: _ProductCost(2.65, 16, 15, 0.0, 23, 0.5),
}


def product_cost(core: CoreClass, rows: int, depth: int, output_c: int, *, sums: bool = True) -> float:
    """Estimated instructions of one matrix product. `sums`: weights are summed at run time."""
    c = _COSTS[core]
    outputs = rows * output_c * (c.step * -(-depth // c.depth_step) + c.output)
    return outputs + (c.weight_sum * depth * output_c if sums else 0) + 60


def convolve_cost(core: CoreClass, positions: int, taps: int, depth: int, output_c: int, groups: int = 1) -> float:
    """Estimated instructions of arm_convolve_s8.

    Args:
        depth: multiplications of one output: taps x input channels of a group.
        output_c: of one group.
    """
    c = _COSTS[core]
    gather = positions * (taps * c.tap + depth * c.gathered)
    return groups * (gather + product_cost(core, positions, depth, output_c, sums=False)) + 100
