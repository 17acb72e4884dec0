"""Pointwise convolution (1x1, any stride) on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Invocation, Kernel, Overlap
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.common import has_vectors
from mcugen.kernels.mve.conv2d import conv2d_params, packed_conv2d, weight_stream
from mcugen.kernels.overlap import overlap_distance


class Conv2d1x1Mve(Kernel):
    """mcugen_mve_conv2d_1x1_s8: a matrix product over the list of positions."""

    name: ClassVar[str] = "conv2d_1x1_s8.mve"
    library: ClassVar[str] = "mve"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Conv2d) or not has_vectors(cpu):
            return False
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        ends = ((n - 1) * step < size for n, step, size in zip(out.shape[1:3], op.stride, x.shape[1:3], strict=True))
        plain = weights.shape[1:3] == (1, 1) and not any(op.padding[:2]) and all(ends)
        return plain and op.groups(graph.input_tensors(op)) == 1

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        channels = packed_conv2d(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_conv2d_1x1_s8",
            source="mve/convolution/conv2d_1x1_s8.c",
            params_type="mcugen_mve_conv2d_params",
            params=conv2d_params(op, graph, channels.general, out.shape[2]),
            inputs=(x.name,),
            constants=(weight_stream(channels, op, graph),),
            outputs=(out.name,),
            scratch_bytes=2 * gemm.LANES * gemm.chunks(x.shape[3]),
            overlaps=(Overlap(0, _distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        _, height, width, output_c = out.shape
        rows, columns = (1, height * width) if op.stride == (1, 1) else (height, width)
        return rows * (rows_cost(columns, x.shape[3], output_c) + 10)


class Conv2d1x1S4Mve(Conv2d1x1Mve):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "conv2d_1x1_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


def rows_cost(rows: int, depth: int, output_c: int) -> float:
    """Instructions of a product whose columns are copied in pairs."""
    copies = rows * (3 * gemm.chunks(depth) + 5)
    return copies + gemm.instructions(rows // 2, rows % 2, depth, output_c) + 30


def pairs_distance(reads: list[int], output_c: int, first_of_row: int) -> int:
    """The overlap distance where columns that start at the bytes `reads` are copied in pairs, each written after that.

    Args:
        first_of_row: columns of a row; a pair does not reach into the next one.
    """
    written: list[int] = []
    first_read: list[int | None] = []
    for row in range(0, len(reads), first_of_row):
        for start in range(row, row + first_of_row, 2):
            end = min(start + 2, row + first_of_row)
            written.append(end * output_c)
            first_read.append(reads[start])
    return overlap_distance(written, first_read)


def _distance(op: Conv2d, graph: Graph) -> int:
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    width, depth = x.shape[2:]
    reads = [
        (row * op.stride[0] * width + column * op.stride[1]) * depth
        for row in range(out.shape[1])
        for column in range(out.shape[2])
    ]
    return pairs_distance(reads, out.shape[3], len(reads) if op.stride == (1, 1) else out.shape[2])
