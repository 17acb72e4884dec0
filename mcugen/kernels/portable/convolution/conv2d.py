"""Convolution on any CPU."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.fields import window_fields, zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.matrix import columns_cost, columns_distance
from mcugen.kernels.portable.weighted import WeightedConstants, WeightedKernel, pack_weighted, weight_bits
from mcugen.kernels.portable.windows import first_touched, position_distance


class Conv2dPortable(WeightedKernel):
    """mcugen_conv2d_s8: any convolution, two windows at a time gathered into scratch (im2col)."""

    name: ClassVar[str] = "conv2d_s8.portable"
    operator: ClassVar[type[Operator]] = Conv2d

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        groups = op.groups(graph.input_tensors(op))
        packed = _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_conv2d_s8",
            source="portable/convolution/conv2d_s8.c",
            params_type="mcugen_conv2d_params",
            params={
                **window_fields(op, graph),
                "groups": groups,
                **zero_point_fields(op, graph),
                "general_requantization": int(packed.general),
                "weight_bits": weight_bits(graph.tensor(op.inputs[1])),
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            scratch_bytes=2 * _column_bytes(op, graph),
            overlaps=(Overlap(0, window_distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        groups = _groups(op, graph)
        positions = out.shape[1] * out.shape[2]
        gather = positions * (1.2 * _column_bytes(op, graph) + 12 * weights.shape[1] * groups + 20)
        even = positions + positions % 2
        depth = weights.elements // weights.shape[0]
        return gather + groups * columns_cost(even, depth, out.shape[3] // groups)


class Conv2dS4Portable(Conv2dPortable):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "conv2d_s4.portable"
    weight_dtype: ClassVar[str] = "int4"


class OneRun(NamedTuple):
    """The windows of a convolution where each is one run of input bytes: `rows` times `columns` of `depth` bytes."""

    rows: int
    row_bytes: int
    columns: int
    column_bytes: int
    depth: int

    def overlap(self, output_c: int) -> Overlap:
        return Overlap(0, columns_distance(self.rows, self.row_bytes, self.columns, self.column_bytes, output_c))


class Conv2dDirectPortable(WeightedKernel):
    """mcugen_conv2d_direct_s8: convolutions whose window is one run of input bytes; needs no scratch."""

    name: ClassVar[str] = "conv2d_direct_s8.portable"
    operator: ClassVar[type[Operator]] = Conv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        x, weights = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1])
        _, kernel_h, kernel_w, _ = weights.shape
        dilation_h = op.dilation[0] if kernel_h > 1 else 1
        dilation_w = op.dilation[1] if kernel_w > 1 else 1
        one_run = kernel_h == 1 or (kernel_w == x.shape[2] and dilation_h == 1)
        plain = super().fits(op, graph) and _groups(op, graph) == 1
        return plain and not any(op.padding) and dilation_w == 1 and one_run

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        run = self.one_run(op, graph)
        packed = _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_conv2d_direct_s8",
            source="portable/convolution/conv2d_direct_s8.c",
            params_type="mcugen_conv2d_direct_params",
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
                "general_requantization": int(packed.general),
                "weight_bits": weight_bits(graph.tensor(op.inputs[1])),
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            overlaps=(run.overlap(out.shape[3]),),
        )

    @staticmethod
    def one_run(op: Conv2d, graph: Graph) -> OneRun:
        """Where the windows lie; `op` is one that fits."""
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        _, _, width, input_c = x.shape
        _, rows, columns, output_c = out.shape
        row_bytes, column_bytes = op.stride[0] * width * input_c, op.stride[1] * input_c
        if columns == 1:
            rows, columns, column_bytes = 1, rows, row_bytes
        elif row_bytes == columns * column_bytes:
            # Rows follow each other without a gap: one long row.
            rows, columns = 1, rows * columns
        return OneRun(rows, row_bytes, columns, column_bytes, weights.elements // output_c)

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        return columns_cost(out.shape[1] * out.shape[2], weights.elements // weights.shape[0], out.shape[3])


class Conv2dDirectS4Portable(Conv2dDirectPortable):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "conv2d_direct_s4.portable"
    weight_dtype: ClassVar[str] = "int4"


def _groups(op: Operator, graph: Graph) -> int:
    assert isinstance(op, Conv2d)
    return op.groups(graph.input_tensors(op))


def _column_bytes(op: Operator, graph: Graph) -> int:
    """Bytes of one window, all groups."""
    weights = graph.tensor(op.inputs[1])
    return weights.shape[1] * weights.shape[2] * graph.tensor(op.inputs[0]).shape[3]


def _packed(op: Conv2d, graph: Graph) -> WeightedConstants:
    tensors = graph.input_tensors(op)
    weights, out = tensors[1], graph.tensor(op.outputs[0])
    bias = tensors[2].data if len(tensors) > 2 else None
    return pack_weighted(weights, 0, bias, op.requantization(tensors, [out]), tensors[0], out, op.clamp)


def window_distance(op: Conv2d, graph: Graph) -> int:
    """The overlap distance of a convolution that reads two windows, then writes their outputs."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    _, height, width, input_c = x.shape
    _, output_h, output_w, output_c = out.shape
    rows = first_touched(output_h, op.stride[0], op.padding[0], weights.shape[1], op.dilation[0], height)
    columns = first_touched(output_w, op.stride[1], op.padding[1], weights.shape[2], op.dilation[1], width)
    return position_distance(rows, columns, width * input_c, input_c, output_c, block=2)
