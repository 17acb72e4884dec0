"""Transposed convolution of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import TransposedConv2d
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Invocation
from mcugen.kernels.fields import window_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.int16 import WeightedInt16, finish_of, pack_int16, sum_bits

_MAC_COST = {32: 4.0, 64: 6.0}
"""Instructions for one multiply-accumulate by the bits of the accumulator."""


class _Positions(PortableKernel):
    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TransposedConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        packed = pack_int16(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_transposed_conv2d_s16",
            source="portable/convolution/transposed_conv2d_s16.c",
            params_type="mcugen_transposed_s16_params",
            params={
                **window_fields(op, graph),
                "groups": op.groups(graph.input_tensors(op)),
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "form": packed.form,
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            scratch_bytes=sum_bits(packed.form) // 8 * out.shape[3],
            scratch_alignment=8,
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, TransposedConv2d)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        bits = sum_bits(finish_of(op, graph).form)
        return _MAC_COST[bits] * op.macs(tensors, [out]) + 30.0 * out.elements


class TransposedConv2dInt16Portable(WeightedInt16, _Positions):
    """mcugen_transposed_conv2d_s16: one output position at a time."""

    name: ClassVar[str] = "transposed_conv2d_s16.portable"
    operator: ClassVar[type[Operator]] = TransposedConv2d
