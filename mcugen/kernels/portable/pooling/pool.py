"""Average and maximum pooling on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.pooling.average_pool2d import AveragePool2d
from mcugen.graph.ops.pooling.max_pool2d import MaxPool2d
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.windows import first_touched, position_distance


class _PoolKernel(PortableKernel):
    function: ClassVar[str]

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, AveragePool2d | MaxPool2d)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        _, height, width, depth = given.tensors[0].shape
        rows = first_touched(out.shape[1], op.stride[0], op.padding[0], op.kernel[0], 1, height)
        columns = first_touched(out.shape[2], op.stride[1], op.padding[1], op.kernel[1], 1, width)
        # A position is not read fully before its first channel is written, but that output lands at or below the same
        # channel of the window's first element, which no later channel needs.
        distance = position_distance(rows, columns, width * depth, depth, depth)
        return Invocation(
            kernel=self.name,
            function=self.function,
            source=f"portable/pooling/{op.kind}_s8.c",
            params_type="mcugen_pool_params",
            params={
                "input_h": height,
                "input_w": width,
                "input_c": depth,
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "kernel_h": op.kernel[0],
                "kernel_w": op.kernel[1],
                "stride_h": op.stride[0],
                "stride_w": op.stride[1],
                "pad_top": op.padding[0],
                "pad_left": op.padding[1],
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, distance),) if given.inputs else (),
        )


def windows_are_inside(op: AveragePool2d | MaxPool2d, graph: Graph) -> bool:
    """Whether no window reaches beyond the input: the C kernels know the sizes of all then, and unroll them."""
    outputs, inputs = graph.tensor(op.outputs[0]).shape[1:3], graph.tensor(op.inputs[0]).shape[1:3]
    return op.padding[:2] == (0, 0) and all(
        (out - 1) * stride + kernel <= size
        for out, stride, kernel, size in zip(outputs, op.stride, op.kernel, inputs, strict=True)
    )


class AveragePool2dPortable(_PoolKernel):
    """mcugen_average_pool2d_s8."""

    name: ClassVar[str] = "average_pool2d_s8.portable"
    operator: ClassVar[type[Operator]] = AveragePool2d
    function: ClassVar[str] = "mcugen_average_pool2d_s8"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, AveragePool2d)
        finish = 8 if windows_are_inside(op, graph) else 25  # a division by a constant, or by the window's size
        return graph.tensor(op.outputs[0]).elements * (op.kernel[0] * (5.3 * op.kernel[1] + 3) + finish)


class MaxPool2dPortable(_PoolKernel):
    """mcugen_max_pool2d_s8."""

    name: ClassVar[str] = "max_pool2d_s8.portable"
    operator: ClassVar[type[Operator]] = MaxPool2d
    function: ClassVar[str] = "mcugen_max_pool2d_s8"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, MaxPool2d)
        return graph.tensor(op.outputs[0]).elements * (op.kernel[0] * (4.75 * op.kernel[1] + 2) + 6)
