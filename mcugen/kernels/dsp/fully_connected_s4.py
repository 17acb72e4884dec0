"""Fully connected with int4 weights on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Invocation, Kernel, Overlap
from mcugen.kernels.dsp import nibbles
from mcugen.kernels.dsp.conv2d_1x1 import rows_distance
from mcugen.kernels.dsp.fully_connected import fully_connected_params, packed_fully_connected


class _FullyConnectedS4Dsp(Kernel):
    """Int4 weights that nibbles.h sums up exactly."""

    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = FullyConnected
    weight_dtype: ClassVar[str] = "int4"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, FullyConnected) or not cpu.dsp or not self.takes_rows(op.rows(graph.input_tensors(op))):
            return False
        return nibbles.fits(packed_fully_connected(op, graph), graph.tensor(op.inputs[0]))

    @staticmethod
    def takes_rows(rows: int) -> bool:
        """Whether the kernel is for so many vectors."""
        raise NotImplementedError


class FullyConnectedS4Dsp(_FullyConnectedS4Dsp):
    """mcugen_dsp_fully_connected_s4: several rows, two at a time."""

    name: ClassVar[str] = "fully_connected_s4.dsp"

    @staticmethod
    def takes_rows(rows: int) -> bool:
        return rows > 1

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        rows, channels = op.rows(graph.input_tensors(op)), packed_fully_connected(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_fully_connected_s4",
            source="dsp/linear/fully_connected_s4.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=fully_connected_params(op, graph, channels.general),
            inputs=(op.inputs[0],),
            constants=(nibbles.weight_stream(channels, 4),),
            outputs=op.outputs,
            scratch_bytes=nibbles.scratch_bytes(depth),
            overlaps=(Overlap(0, rows_distance(rows, depth, output_c, nibbles.COLUMNS)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return nibbles.rows_cost(op.rows(graph.input_tensors(op)), depth, output_c)


class FullyConnectedVectorS4Dsp(_FullyConnectedS4Dsp):
    """mcugen_dsp_fully_connected_vector_s4: one row, read as it lies in memory. No scratch, no overlap."""

    name: ClassVar[str] = "fully_connected_vector_s4.dsp"

    @staticmethod
    def takes_rows(rows: int) -> bool:
        return rows == 1

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        channels = packed_fully_connected(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_fully_connected_vector_s4",
            source="dsp/linear/fully_connected_vector_s4.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=fully_connected_params(op, graph, channels.general),
            inputs=(op.inputs[0],),
            constants=(nibbles.weight_stream(channels, 8),),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return nibbles.vector_cost(depth, output_c)
