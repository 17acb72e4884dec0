"""Convolution on Armv6-M: two columns with one multiplication."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.armv6m import pairs
from mcugen.kernels.armv6m.channels import channel_constants, small_channels
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.fields import window_fields, zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.convolution.conv2d import (
    Conv2dDirectPortable,
    Conv2dPortable,
    window_distance,
)
from mcugen.kernels.requantization import PackedChannels


class Conv2dDirectArmv6m(Conv2dDirectPortable):
    """mcugen_armv6m_conv2d_direct_s8: windows that are one run of input bytes."""

    name: ClassVar[str] = "conv2d_direct_s8.armv6m"
    library: ClassVar[str] = "armv6m"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return cpu.baseline and super().supports(op, graph, cpu)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        run, channels = self.one_run(op, graph), _channels(op, graph)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return Invocation(
            kernel=self.name,
            function="mcugen_armv6m_conv2d_direct_s8",
            source="armv6m/conv2d_direct_s8.c",
            params_type="mcugen_armv6m_direct_params",
            params={
                "rows": run.rows,
                "row_bytes": run.row_bytes if run.rows > 1 else 0,
                "columns": run.columns,
                "column_bytes": run.column_bytes,
                "depth": run.depth,
                "output_c": out.shape[3],
                "output_zero_point": out.zero_point,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "group": pairs.group(channels.weights, x),
                "general_requantization": int(channels.general),
            },
            inputs=(x.name,),
            constants=channel_constants(pairs.weight_blocks(channels.weights), channels),
            outputs=op.outputs,
            scratch_bytes=pairs.scratch_bytes(run.depth),
            overlaps=(run.overlap(out.shape[3]),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        run, out = self.one_run(op, graph), graph.tensor(op.outputs[0])
        products = pairs.group(_channels(op, graph).weights, graph.tensor(op.inputs[0]))
        return pairs.unit(out.shape[3]) * pairs.direct_cost(run.rows, run.columns, run.depth, out.shape[3], products)


class Conv2dArmv6m(Conv2dPortable):
    """mcugen_armv6m_conv2d_s8: any convolution of one group."""

    name: ClassVar[str] = "conv2d_s8.armv6m"
    library: ClassVar[str] = "armv6m"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.baseline or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, Conv2d)
        return op.groups(graph.input_tensors(op)) == 1

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x = graph.tensor(op.inputs[0])
        channels = _channels(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_armv6m_conv2d_s8",
            source="armv6m/conv2d_s8.c",
            params_type="mcugen_armv6m_conv2d_params",
            params={
                **window_fields(op, graph),
                **zero_point_fields(op, graph),
                "group": pairs.group(channels.weights, x),
                "general_requantization": int(channels.general),
            },
            inputs=(x.name,),
            constants=channel_constants(pairs.weight_blocks(channels.weights), channels),
            outputs=op.outputs,
            scratch_bytes=pairs.scratch_bytes(_depth(op, graph)) + x.shape[3],
            overlaps=(Overlap(0, window_distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        columns, depth = out.shape[1] * out.shape[2], _depth(op, graph)
        products = pairs.group(_channels(op, graph).weights, x)
        made = -(-columns // 2) * (6 * depth + 40 * weights.shape[1] + 40)
        return pairs.unit(out.shape[3]) * (made + pairs.product_cost(columns, depth, out.shape[3], products))


def _depth(op: Conv2d, graph: Graph) -> int:
    """Inputs of one output channel."""
    weights = graph.tensor(op.inputs[1])
    return weights.elements // weights.shape[0]


def _channels(op: Conv2d, graph: Graph) -> PackedChannels:
    """The layer's channels with all taps of one in a row (KH, KW, I)."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    rows = weights.data.reshape(weights.shape[0], -1)
    bias = tensors[2].data if len(tensors) > 2 else None
    return small_channels(rows, bias, op.requantization(tensors, [out]), x, out, op.clamp)
