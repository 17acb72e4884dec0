"""Convolution and fully connected of int16 on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.conv2d import (
    LARGEST_STRIP_BYTES,
    conv2d_params,
    making_cost,
    strip,
    strip_distance,
    window_rows,
)
from mcugen.kernels.mve.conv2d_1x1 import pairs_distance
from mcugen.kernels.mve.int16 import Int16Mve, cost, int16_channels
from mcugen.kernels.portable.int16 import INT16_BYTES


class Conv2dInt16Mve(Int16Mve):
    """mcugen_mve_conv2d_s16: windows that are contiguous in a strip, then a matrix product."""

    name: ClassVar[str] = "conv2d_s16.mve"
    operator: ClassVar[type[Operator]] = Conv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        return strip(op, graph).bytes <= LARGEST_STRIP_BYTES

    @per_image
    def in_elements(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        channels, form = int16_channels(op, graph, window_rows(op, graph))
        cut = strip(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_conv2d_s16",
            source="mve/convolution/conv2d_s16.c",
            params_type="mcugen_mve_conv2d_params",
            params=conv2d_params(op, graph, False, cut.block_w) | {"general_requantization": form},
            inputs=op.inputs[:1],
            constants=(gemm.weight_stream(channels, op.groups(graph.input_tensors(op)), 16),),
            outputs=op.outputs,
            scratch_bytes=cut.bytes,
            overlaps=(Overlap(0, strip_distance(op, graph, cut)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        cut = strip(op, graph)
        _, height, width, output_c = out.shape
        groups = op.groups(graph.input_tensors(op))
        blocks = [min(cut.block_w, width - done) for done in range(0, width, cut.block_w)]
        pairs, singles = sum(b // 2 for b in blocks), sum(b % 2 for b in blocks)
        product = cost(pairs, singles, cut.kernel_w * weights.shape[1] * weights.shape[3], output_c // groups)
        return height * groups * (making_cost(op, graph, cut) + product) + 60


def _rows(kernel: str, op: Conv2d | FullyConnected, graph: Graph, rows: int) -> Invocation:
    """mcugen_mve_rows_s16."""
    weights = graph.tensor(op.inputs[1])
    assert weights.data is not None
    output_c = weights.shape[0]
    depth = weights.elements // output_c
    channels, form = int16_channels(op, graph, weights.data.reshape(output_c, depth))
    return Invocation(
        kernel=kernel,
        function="mcugen_mve_rows_s16",
        source="mve/linear/rows_s16.c",
        params_type="mcugen_mve_rows_s16_params",
        params={
            "rows": rows,
            "depth": depth,
            "output_c": output_c,
            "clamp_min": op.clamp[0],
            "clamp_max": op.clamp[1],
            "form": form,
        },
        inputs=op.inputs[:1],
        constants=(gemm.weight_stream(channels, bits=16),),
        outputs=op.outputs,
        scratch_bytes=2 * gemm.LANES * gemm.chunks(INT16_BYTES * depth),
        overlaps=(Overlap(0, pairs_distance([row * depth for row in range(rows)], output_c, rows)),),
    )


def _rows_cost(rows: int, depth: int, output_c: int) -> float:
    copies = rows * (3 * gemm.chunks(INT16_BYTES * depth) + 5)
    return copies + cost(rows // 2, rows % 2, depth, output_c) + 30


class Conv2d1x1Int16Mve(Int16Mve):
    """mcugen_mve_rows_s16 over the list of positions: pointwise, stride 1."""

    name: ClassVar[str] = "conv2d_1x1_s16.mve"
    operator: ClassVar[type[Operator]] = Conv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        plain = graph.tensor(op.inputs[1]).shape[1:3] == (1, 1) and op.stride == (1, 1) and not any(op.padding)
        return plain and op.groups(graph.input_tensors(op)) == 1

    @per_image
    def in_elements(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        out = graph.tensor(op.outputs[0])
        return _rows(self.name, op, graph, out.shape[1] * out.shape[2])

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return _rows_cost(out.shape[1] * out.shape[2], x.shape[3], out.shape[3])


class FullyConnectedInt16Mve(Int16Mve):
    """mcugen_mve_rows_s16 over the rows of the input."""

    name: ClassVar[str] = "fully_connected_s16.mve"
    operator: ClassVar[type[Operator]] = FullyConnected

    def in_elements(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        return _rows(self.name, op, graph, op.rows(graph.input_tensors(op)))

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return _rows_cost(op.rows(graph.input_tensors(op)), depth, output_c)
