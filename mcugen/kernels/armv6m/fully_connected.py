"""Fully connected on Armv6-M."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.graph.tensor import IntArray
from mcugen.kernels.armv6m import pairs
from mcugen.kernels.armv6m.channels import channel_constants, small_channels
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.matrix import columns_distance
from mcugen.kernels.portable.weighted import WeightedKernel
from mcugen.kernels.requantization import PackedChannels

_BLOCK, _SMALL_BLOCK = 8, 4


class FullyConnectedArmv6m(WeightedKernel):
    """mcugen_armv6m_conv2d_direct_s8: rows of the input are the windows of a pointwise convolution."""

    name: ClassVar[str] = "fully_connected_s8.armv6m"
    library: ClassVar[str] = "armv6m"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.baseline or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, FullyConnected)
        return op.rows(graph.input_tensors(op)) >= pairs.COLUMNS

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        channels, rows = _channels(op, graph), op.rows(graph.input_tensors(op))
        output_c, depth = channels.weights.shape
        return Invocation(
            kernel=self.name,
            function="mcugen_armv6m_conv2d_direct_s8",
            source="armv6m/conv2d_direct_s8.c",
            params_type="mcugen_armv6m_direct_params",
            params={
                "rows": 1,
                "row_bytes": 0,
                "columns": rows,
                "column_bytes": depth,
                "depth": depth,
                "output_c": output_c,
                "output_zero_point": out.zero_point,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "group": pairs.group(channels.weights, x),
                "general_requantization": int(channels.general),
            },
            inputs=(x.name,),
            constants=channel_constants(pairs.weight_blocks(channels.weights), channels),
            outputs=op.outputs,
            scratch_bytes=pairs.scratch_bytes(depth),
            overlaps=(Overlap(0, columns_distance(1, 0, rows, depth, output_c)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        channels, rows = _channels(op, graph), op.rows(graph.input_tensors(op))
        products = pairs.group(channels.weights, graph.tensor(op.inputs[0]))
        output_c, depth = channels.weights.shape
        return pairs.unit(output_c) * pairs.direct_cost(1, rows, depth, output_c, products)


class FullyConnectedVectorArmv6m(WeightedKernel):
    """mcugen_armv6m_fully_connected_vector_s8: one row, read as it lies in memory. No scratch, no overlap."""

    name: ClassVar[str] = "fully_connected_vector_s8.armv6m"
    library: ClassVar[str] = "armv6m"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.baseline or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, FullyConnected)
        return op.rows(graph.input_tensors(op)) == 1

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        out, channels = graph.tensor(op.outputs[0]), _channels(op, graph)
        output_c, depth = channels.weights.shape
        return Invocation(
            kernel=self.name,
            function="mcugen_armv6m_fully_connected_vector_s8",
            source="armv6m/fully_connected_vector_s8.c",
            params_type="mcugen_armv6m_vector_params",
            params={
                "input_c": depth,
                "output_c": output_c,
                "output_zero_point": out.zero_point,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "general_requantization": int(channels.general),
            },
            inputs=(op.inputs[0],),
            constants=channel_constants(_blocks(channels.weights), channels),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        output_c, depth = graph.tensor(op.inputs[1]).shape
        padded = -(-output_c // _SMALL_BLOCK) * _SMALL_BLOCK
        turns = depth // 4 + depth % 4
        blocks = -(-output_c // _BLOCK)
        products = 3 * padded * depth + blocks * (2 * depth + 2 * turns + 60)
        return pairs.unit(output_c) * (products + 35 * output_c + 3.5 * depth)


def _channels(op: FullyConnected, graph: Graph) -> PackedChannels:
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    bias = tensors[2].data if len(tensors) > 2 else None
    return small_channels(weights.data, bias, op.requantization(tensors, [out]), x, out, op.clamp)


def _blocks(weights: IntArray) -> IntArray:
    """As kernels_cmsis/armv6m/fully_connected_vector_s8.c reads them: w + 128, blocks of eight channels, the last of
    four where that is enough; what has no channel is a weight of 0."""
    count, depth = weights.shape
    whole = count - count % _BLOCK if 0 < count % _BLOCK <= _SMALL_BLOCK else count
    stored = weights.astype(np.int64) + 128
    parts = []
    for rows, block in ((stored[:whole], _BLOCK), (stored[whole:], _SMALL_BLOCK)):
        blocks = np.pad(rows, ((0, -len(rows) % block), (0, 0)), constant_values=128).reshape(-1, block, depth)
        parts.append(blocks.swapaxes(1, 2).reshape(-1))
    return np.concatenate(parts).astype(np.uint8)
