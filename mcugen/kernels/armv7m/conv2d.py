"""Convolution on Armv7-M: two columns in one word."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.armv7m import gemm
from mcugen.kernels.armv7m.common import channels_of, field_bits, has_long_multiply, is_plain
from mcugen.kernels.base import Invocation, Kernel, Overlap
from mcugen.kernels.fields import window_fields, zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.windows import first_touched, position_distance


class Conv2dArmv7m(Kernel):
    """mcugen_armv7m_conv2d_s8: any kernel, four windows at a time (im2col)."""

    name: ClassVar[str] = "conv2d_s8.armv7m"
    library: ClassVar[str] = "armv7m"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and has_long_multiply(cpu) and _fits(op, graph)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        positions, packed = out.shape[1] * out.shape[2], _packed(op, graph)
        row_bytes = weights.shape[2] * x.shape[3]
        return Invocation(
            kernel=self.name,
            function="mcugen_armv7m_conv2d_s8",
            source="armv7m/conv2d_s8.c",
            params_type="mcugen_armv7m_conv2d_params",
            params={
                **window_fields(op, graph),
                **zero_point_fields(op, graph),
                "field_bits": packed.bits,
            },
            inputs=(x.name,),
            constants=(packed.stream,),
            outputs=op.outputs,
            scratch_bytes=gemm.scratch_bytes(positions, _depth(op, graph)) + min(positions, gemm.COLUMNS) * row_bytes,
            overlaps=(Overlap(0, _window_distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        positions, depth = out.shape[1] * out.shape[2], _depth(op, graph)
        rows = -(-positions // gemm.COLUMNS) * weights.shape[1]
        bordered = rows * _bordered_share(op, graph)
        copying = bordered * gemm.COLUMNS * (weights.shape[2] * x.shape[3] * 1.2 + 20)
        packing = gemm.packing(positions, depth) + 20 * rows + copying
        return packing + gemm.instructions(positions, depth, out.shape[3]) + 60


class Conv2dDirectArmv7m(Kernel):
    """mcugen_armv7m_conv2d_direct_s8: convolutions whose window is one run of input bytes."""

    name: ClassVar[str] = "conv2d_direct_s8.armv7m"
    library: ClassVar[str] = "armv7m"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Conv2d) or not has_long_multiply(cpu):
            return False
        return _is_one_run(op, graph) and _fits(op, graph)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        out = graph.tensor(op.outputs[0])
        rows, row_bytes, columns, column_bytes = _runs(op, graph)
        depth, output_c, packed = _depth(op, graph), out.shape[3], _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_armv7m_conv2d_direct_s8",
            source="armv7m/conv2d_direct_s8.c",
            params_type="mcugen_armv7m_conv2d_direct_params",
            params={
                "rows": rows,
                "row_bytes": row_bytes if rows > 1 else 0,
                "columns": columns,
                "column_bytes": column_bytes,
                "depth": depth,
                "output_c": output_c,
                "output_zero_point": out.zero_point,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "field_bits": packed.bits,
            },
            inputs=(op.inputs[0],),
            constants=(packed.stream,),
            outputs=op.outputs,
            scratch_bytes=gemm.scratch_bytes(columns, depth),
            overlaps=(Overlap(0, runs_distance(rows, row_bytes, columns, column_bytes, output_c)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        rows, _, columns, _ = _runs(op, graph)
        return rows * runs_cost(columns, _depth(op, graph), graph.tensor(op.outputs[0]).shape[3]) + 30


def runs_cost(columns: int, depth: int, output_c: int) -> float:
    """Instructions of mcugen_armv7m_columns."""
    return gemm.packing(columns, depth) + gemm.instructions(columns, depth, output_c)


def runs_distance(rows: int, row_bytes: int, columns: int, column_bytes: int, output_c: int) -> int:
    """Overlap distance of mcugen_armv7m_columns for each of `rows`: blocks of columns are read, then written."""
    written: list[int] = []
    first_read: list[int | None] = []
    for row in range(rows):
        for column in range(0, columns, gemm.COLUMNS):
            written.append((row * columns + min(column + gemm.COLUMNS, columns)) * output_c)
            first_read.append(row * row_bytes + column * column_bytes)
    return overlap_distance(written, first_read)


def _runs(op: Conv2d, graph: Graph) -> tuple[int, int, int, int]:
    """(rows, bytes from one to the next, columns, bytes from one to the next) of the windows."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    _, _, width, input_c = x.shape
    _, rows, columns, _ = out.shape
    row_bytes, column_bytes = op.stride[0] * width * input_c, op.stride[1] * input_c
    if columns == 1:
        return 1, 0, rows, row_bytes
    if row_bytes == columns * column_bytes:
        # Rows follow each other without a gap: one long row.
        return 1, 0, rows * columns, column_bytes
    return rows, row_bytes, columns, column_bytes


def _is_one_run(op: Conv2d, graph: Graph) -> bool:
    x, weights = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1])
    _, kernel_h, kernel_w, _ = weights.shape
    dilation_h = op.dilation[0] if kernel_h > 1 else 1
    dilation_w = op.dilation[1] if kernel_w > 1 else 1
    one_run = kernel_h == 1 or (kernel_w == x.shape[2] and dilation_h == 1)
    return not any(op.padding) and dilation_w == 1 and one_run


def _fits(op: Conv2d, graph: Graph) -> bool:
    """True when the layer has one group, and its sums fit for all inputs."""
    tensors = graph.input_tensors(op)
    return is_plain(tensors) and op.groups(tensors) == 1 and field_bits(channels_of(op, graph), tensors[0]) is not None


def _packed(op: Conv2d, graph: Graph) -> gemm.PackedWeights:
    return gemm.pack(channels_of(op, graph), graph.tensor(op.inputs[0]))


def _depth(op: Conv2d, graph: Graph) -> int:
    """Inputs of one output channel."""
    weights = graph.tensor(op.inputs[1])
    return weights.elements // weights.shape[0]


def _bordered_share(op: Conv2d, graph: Graph) -> float:
    """Of all kernel rows of blocks, those whose windows are not whole in one input row."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    width, blocks = out.shape[2], -(-out.shape[1] * out.shape[2] // gemm.COLUMNS)
    inside = 0
    for block in range(blocks):
        column = block * gemm.COLUMNS % width
        first = column * op.stride[1] - op.padding[1]
        last = first + (gemm.COLUMNS - 1) * op.stride[1] + weights.shape[2]
        whole = op.dilation[1] == 1 and column + gemm.COLUMNS <= width
        inside += whole and first >= 0 and last <= x.shape[2]
    return 1 - inside / blocks


def _window_distance(op: Conv2d, graph: Graph) -> int:
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    _, height, width, input_c = x.shape
    _, output_h, output_w, output_c = out.shape
    rows = first_touched(output_h, op.stride[0], op.padding[0], weights.shape[1], op.dilation[0], height)
    columns = first_touched(output_w, op.stride[1], op.padding[1], weights.shape[2], op.dilation[1], width)
    return position_distance(rows, columns, width * input_c, input_c, output_c, block=gemm.COLUMNS)
