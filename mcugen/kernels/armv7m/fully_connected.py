"""Fully connected on Armv7-M."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.armv7m import gemm
from mcugen.kernels.armv7m.common import (
    WIDE,
    as_words,
    bytes_as_words,
    channels_of,
    field_bits,
    has_long_multiply,
    is_plain,
    starts,
)
from mcugen.kernels.armv7m.conv2d import runs_cost, runs_distance
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.requantization import PackedChannels


class FullyConnectedArmv7m(Kernel):
    """mcugen_armv7m_fully_connected_s8: several rows, the columns of a matrix product."""

    name: ClassVar[str] = "fully_connected_s8.armv7m"
    library: ClassVar[str] = "armv7m"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, FullyConnected) or not has_long_multiply(cpu):
            return False
        return op.rows(graph.input_tensors(op)) > 1 and _fits(op, graph)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        rows = op.rows(graph.input_tensors(op))
        packed = gemm.pack(channels_of(op, graph), graph.tensor(op.inputs[0]))
        return Invocation(
            kernel=self.name,
            function="mcugen_armv7m_fully_connected_s8",
            source="armv7m/fully_connected_s8.c",
            params_type="mcugen_armv7m_fully_connected_params",
            params=_params(op, graph, packed.bits),
            inputs=(op.inputs[0],),
            constants=(packed.stream,),
            outputs=op.outputs,
            scratch_bytes=gemm.scratch_bytes(rows, depth),
            overlaps=(Overlap(0, runs_distance(1, 0, rows, depth, output_c)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return runs_cost(op.rows(graph.input_tensors(op)), depth, output_c) + 30


class FullyConnectedVectorArmv7m(Kernel):
    """mcugen_armv7m_fully_connected_vector_s8: one row, four weights in a word. No scratch, no overlap."""

    name: ClassVar[str] = "fully_connected_vector_s8.armv7m"
    library: ClassVar[str] = "armv7m"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, FullyConnected) or not has_long_multiply(cpu):
            return False
        return op.rows(graph.input_tensors(op)) == 1 and _fits(op, graph)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        return Invocation(
            kernel=self.name,
            function="mcugen_armv7m_fully_connected_vector_s8",
            source="armv7m/fully_connected_vector_s8.c",
            params_type="mcugen_armv7m_fully_connected_params",
            params=_params(op, graph, WIDE),
            inputs=(op.inputs[0],),
            constants=(_vector_stream(channels_of(op, graph)),),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        output_c, depth = graph.tensor(op.inputs[1]).shape
        turn = 16 if depth % 16 == 0 else 8
        rest = depth % turn
        block = 5.5 * (depth - rest) + 2 * (depth // turn) + 8.0 * rest + 80
        sums = 2.5 * depth if output_c > 1 else 0
        pair, single = output_c % 4 // 2 * (4.0 * depth + 40), output_c % 2 * (3.75 * depth + 25)
        return output_c // 4 * block + pair + single + sums + 30


def _fits(op: FullyConnected, graph: Graph) -> bool:
    tensors = graph.input_tensors(op)
    return is_plain(tensors) and field_bits(channels_of(op, graph), tensors[0]) is not None


def _params(op: FullyConnected, graph: Graph, bits: int) -> dict[str, ParamValue]:
    """The fields of struct mcugen_armv7m_fully_connected_params."""
    weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    return {
        "rows": op.rows(graph.input_tensors(op)),
        "input_c": weights.shape[1],
        "output_c": weights.shape[0],
        "output_zero_point": out.zero_point,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
        "field_bits": bits,
    }


def _vector_stream(channels: PackedChannels) -> Constant:
    """See kernels_cmsis/armv7m/fully_connected_vector_s8.c for the order."""
    start, multiplier = starts(channels), as_words(channels.multiplier)
    count = len(start)
    parts = []
    for first in range(0, count // 2 * 2, 4):
        own = slice(first, min(first + 4, count // 2 * 2))
        weights = channels.weights[own].astype(np.int64)
        if len(weights) == 2:
            # Two inputs of two channels lie as one of four.
            pairs = np.pad(weights, ((0, 0), (0, weights.shape[1] % 2)))
            weights = np.vstack([pairs[:, ::2], pairs[:, 1::2]])
        a, b, c, d = weights
        in_order = np.stack([a + 128, d, c + 128, b], axis=1)
        parts += [start[own], multiplier[own], bytes_as_words((in_order & 0xFF).astype(np.uint8).view(np.int8))]
    if count % 2:
        parts += [start[-1:], multiplier[-1:], bytes_as_words(channels.weights[-1])]
    return Constant("weights", np.concatenate(parts))
