"""Depthwise convolution of int16 on Helium."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.mve.channels import as_words
from mcugen.kernels.mve.int16 import Int16Mve, int16_channels
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.common import flat
from mcugen.kernels.portable.windows import first_touched

_LANES = 8


class DepthwiseConv2dInt16Mve(Int16Mve):
    """mcugen_mve_depthwise_conv2d_s16: eight channels at a time."""

    name: ClassVar[str] = "depthwise_conv2d_s16.mve"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        return graph.tensor(op.inputs[0]).shape[3] == graph.tensor(op.outputs[0]).shape[3]

    @per_image
    def in_elements(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        assert weights.data is not None
        channels, form = int16_channels(op, graph, weights.data.reshape(-1, x.shape[3]).T)
        # Even channels of a vector, then odd ones.
        numbers = np.stack([channels.bias, channels.multiplier, channels.shift])
        numbers = np.pad(numbers, ((0, 0), (0, -x.shape[3] % _LANES)))
        numbers = numbers.reshape(3, -1, _LANES // 2, 2).transpose(1, 0, 3, 2)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_depthwise_conv2d_s16",
            source="mve/convolution/depthwise_conv2d_s16.c",
            params_type="mcugen_mve_depthwise_s16_params",
            params={
                "input_h": x.shape[1],
                "input_w": x.shape[2],
                "channels": x.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "kernel_h": weights.shape[1],
                "kernel_w": weights.shape[2],
                "stride_h": op.stride[0],
                "stride_w": op.stride[1],
                "pad_top": op.padding[0],
                "pad_left": op.padding[1],
                "dilation_h": op.dilation[0],
                "dilation_w": op.dilation[1],
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "form": form,
            },
            inputs=op.inputs[:1],
            constants=(Constant("weights", flat(weights.data)), Constant("channels", as_words(numbers.reshape(-1)))),
            outputs=op.outputs,
            overlaps=(Overlap(0, _distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        vectors = -(-out.shape[3] // _LANES)
        taps, rows = weights.shape[1] * weights.shape[2], weights.shape[1]
        return out.shape[1] * out.shape[2] * (vectors * (9.0 * taps + 8 * rows + 35) + 40)


def _distance(op: DepthwiseConv2d, graph: Graph) -> int:
    """Elements: the inputs of a position's last channels are read when its other outputs are written."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    rows, columns = (
        first_touched(
            out.shape[1 + a], op.stride[a], op.padding[a], weights.shape[1 + a], op.dilation[a], x.shape[1 + a]
        )
        for a in (0, 1)
    )
    reads = [
        None if row is None or column is None else (row * x.shape[2] + column) * x.shape[3]
        for row in rows
        for column in columns
    ]
    written = [(place + 1) * out.shape[3] for place in range(len(reads))]
    return overlap_distance([w for w in written for _ in range(2)], [r for r in reads for _ in range(2)])
