"""Depthwise convolution of int16 on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.dsp.gemm import as_words, bytes_as_word
from mcugen.kernels.dsp.int16 import WeightedInt16Dsp
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.convolution.depthwise_conv2d import axes
from mcugen.kernels.portable.convolution.depthwise_conv2d_s16 import band_bytes, band_overlap, band_params
from mcugen.kernels.portable.int16 import bias_words, finish_of


class _Bands(PortableKernel):
    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_depthwise_conv2d_s16",
            source="dsp/convolution/depthwise_conv2d_s16.c",
            params_type="mcugen_depthwise_params",
            params=band_params(op, graph, finish_of(op, graph).form),
            inputs=(op.inputs[0],),
            constants=(_stream(op, graph),),
            outputs=op.outputs,
            scratch_bytes=band_bytes(op, graph),
            overlaps=(band_overlap(op, graph),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        vertical, horizontal = axes(op, graph)
        copied = out.shape[1] * horizontal.used * x.shape[3] * max(vertical.span, vertical.stride)
        taps = vertical.kernel * horizontal.kernel
        return 0.5 * copied + out.elements * (1.7 * taps + 10) + 20.0 * out.shape[1] * x.shape[3]


class DepthwiseConv2dInt16Dsp(WeightedInt16Dsp, _Bands):
    """mcugen_dsp_depthwise_conv2d_s16: two channels and three positions at a time, on a band of rows in scratch."""

    name: ClassVar[str] = "depthwise_conv2d_s16.dsp"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return super().fits(op, graph) and x.shape[3] == out.shape[3] and x.shape[3] % 2 == 0


def _stream(op: DepthwiseConv2d, graph: Graph) -> Constant:
    """See depthwise_conv2d_s16.c for the order."""
    finish, weights = finish_of(op, graph), graph.tensor(op.inputs[1]).data
    assert weights is not None
    taps = weights.reshape(-1, weights.shape[3]).astype(np.int64)
    bias = as_words(bias_words(op, graph, finish.form).astype(np.int64))
    multiplier, shift = as_words(finish.multiplier.astype(np.int64)), finish.shift.astype(np.int64)
    parts = []
    for first in range(0, weights.shape[3], 2):
        both = slice(first, first + 2)
        halves = taps[:, both] & 0xFFFF
        parts += [bias[both], multiplier[both], bytes_as_word(shift[both])]
        parts.append((halves[:, 0] | halves[:, 1] << 16).astype(np.uint32))
    return Constant("weights", np.concatenate(parts))
