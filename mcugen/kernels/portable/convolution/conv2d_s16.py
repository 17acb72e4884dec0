"""Convolution of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Invocation, Overlap, ParamValue
from mcugen.kernels.fields import window_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.convolution.conv2d import Conv2dDirectPortable, OneRun
from mcugen.kernels.portable.int16 import INT16_BYTES, Weighted, WeightedInt16, finish_of, pack_int16, sum_bits
from mcugen.kernels.portable.matrix import columns_distance
from mcugen.kernels.portable.windows import first_touched, position_distance

_MAC_COST = {32: 2.6, 64: 5.5}
"""Instructions for one multiply-accumulate by the bits of the accumulator."""


def column_cost(depth: int, channels: int, form: int) -> float:
    """Instructions of mcugen_one_column_s16."""
    return channels * (_MAC_COST[sum_bits(form)] * depth + 18)


def window_params(op: Conv2d, graph: Graph, form: int) -> dict[str, ParamValue]:
    """The fields of mcugen_conv2d_params; an input position is counted in bytes."""
    return {
        **window_fields(op, graph),
        "input_c": INT16_BYTES * graph.tensor(op.inputs[0]).shape[3],
        "groups": op.groups(graph.input_tensors(op)),
        "input_zero_point": 0,
        "output_zero_point": 0,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
        "general_requantization": form,
        "weight_bits": 8,
    }


class _Gathered(PortableKernel):
    """Overlaps are counted in elements; see `OnInt16`."""

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        packed = pack_int16(op, graph)
        rows = first_touched(out.shape[1], op.stride[0], op.padding[0], weights.shape[1], op.dilation[0], x.shape[1])
        columns = first_touched(out.shape[2], op.stride[1], op.padding[1], weights.shape[2], op.dilation[1], x.shape[2])
        distance = position_distance(rows, columns, x.shape[2] * x.shape[3], x.shape[3], out.shape[3])
        return Invocation(
            kernel=self.name,
            function="mcugen_conv2d_s16",
            source="portable/convolution/conv2d_s16.c",
            params_type="mcugen_conv2d_params",
            params=window_params(op, graph, packed.form),
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            scratch_bytes=INT16_BYTES * weights.shape[1] * weights.shape[2] * x.shape[3],
            overlaps=(Overlap(0, distance),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        groups, positions = op.groups(graph.input_tensors(op)), out.shape[1] * out.shape[2]
        depth = weights.elements // weights.shape[0]
        gather = 2.4 * depth * groups + 12 * weights.shape[1] * groups + 30
        return positions * (gather + column_cost(depth, out.shape[3], finish_of(op, graph).form))


class Conv2dInt16Portable(WeightedInt16, _Gathered):
    """mcugen_conv2d_s16: any convolution, one window at a time gathered into scratch (im2col)."""

    name: ClassVar[str] = "conv2d_s16.portable"
    operator: ClassVar[type[Operator]] = Conv2d


def direct(kernel: str, op: Weighted, graph: Graph, run: OneRun, clamp: tuple[int, int]) -> Invocation:
    """mcugen_conv2d_direct_s16; overlaps in elements."""
    packed, out = pack_int16(op, graph), graph.tensor(op.outputs[0])
    distance = columns_distance(run.rows, run.row_bytes, run.columns, run.column_bytes, out.shape[-1])
    return Invocation(
        kernel=kernel,
        function="mcugen_conv2d_direct_s16",
        source="portable/convolution/conv2d_direct_s16.c",
        params_type="mcugen_direct_s16_params",
        params={
            "rows": run.rows,
            "row_step": run.row_bytes if run.rows > 1 else 0,
            "columns": run.columns,
            "column_step": run.column_bytes,
            "depth": run.depth,
            "output_c": out.shape[-1],
            "clamp_min": clamp[0],
            "clamp_max": clamp[1],
            "form": packed.form,
        },
        inputs=(op.inputs[0],),
        constants=packed.constants,
        outputs=(out.name,),
        overlaps=(Overlap(0, distance),),
    )


class _Direct(PortableKernel):
    """Overlaps are counted in elements; see `OnInt16`."""

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        return direct(self.name, op, graph, Conv2dDirectPortable.one_run(op, graph), op.clamp)

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        run = Conv2dDirectPortable.one_run(op, graph)
        one = column_cost(run.depth, graph.tensor(op.outputs[0]).shape[3], finish_of(op, graph).form)
        return run.rows * run.columns * (one + 10)


class Conv2dDirectInt16Portable(WeightedInt16, _Direct):
    """mcugen_conv2d_direct_s16: convolutions whose window is one run of inputs; needs no scratch."""

    name: ClassVar[str] = "conv2d_direct_s16.portable"
    operator: ClassVar[type[Operator]] = Conv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and Conv2dDirectPortable().fits(op, graph)
