"""Adaptive pooling to any output size: averages over windows of different sizes, and maxima."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.arguments import shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.layout import from_nhwc, nhwc_shape, to_nhwc
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.selection import take
from mcugen.graph.ops import AdaptiveAveragePool2d, MaxPool2d
from mcugen.graph.ops.pooling.adaptive_average_pool2d import Spans
from mcugen.graph.tensor import Quantization


def _spatial(node: Node) -> int:
    return 1 if "1d" in target_name(node) else 2


def _spans(node: Node, x: tuple[int, ...]) -> tuple[Spans, Spans]:
    """The windows of rows and columns over an NHWC input, as PyTorch places them."""
    _, height, width, _ = nhwc_shape(shape_of(node), _spatial(node))
    rows, columns = (
        tuple((i * size // count, -(-(i + 1) * size // count)) for i in range(count))
        for size, count in ((x[1], height), (x[2], width))
    )
    return rows, columns


def uneven_average(ctx: Lowering, node: Node, out: Quantization) -> str:
    """An adaptive average whose output size does not divide the input's."""
    x = to_nhwc(ctx, node, ctx.operand(node.all_input_nodes[0], node), _spatial(node))
    given = ctx.tensors[x]
    assert given.quantization is not None
    if given.quantization.scale > out.scale:
        raise ctx.unsupported(
            node,
            f"its windows differ in size, and its output's scale {out.scale:.6g} is finer than its input's",
            "quantize its output with its input's scale and zero point",
        )
    rows, columns = _spans(node, given.shape)
    shape = nhwc_shape(shape_of(node), _spatial(node))
    result = ctx.emit(AdaptiveAveragePool2d, node, (x,), shape, given.quantization, rows=rows, columns=columns)
    return ctx.requantize(node, from_nhwc(ctx, node, result, _spatial(node)), out)


def adaptive_max_pool(ctx: Lowering, node: Node, out: Quantization) -> str:
    """A maximum over windows of one size, after the last value of each smaller one has been repeated."""
    x = to_nhwc(ctx, node, ctx.moved(node, node.all_input_nodes[0], out), _spatial(node))
    given = ctx.tensors[x]
    spans = _spans(node, given.shape)
    kernel = tuple(max(end - first for first, end in axis) for axis in spans)
    places = [
        [min(first + i, end - 1) for first, end in axis for i in range(size)]
        for axis, size in zip(spans, kernel, strict=True)
    ]
    windows = take(ctx, node, x, [range(given.shape[0]), *places, range(given.shape[3])], "_windows")
    shape = nhwc_shape(shape_of(node), _spatial(node))
    result = ctx.emit(MaxPool2d, node, (windows,), shape, given.quantization, kernel=kernel, stride=kernel)
    return ctx.requantize(node, from_nhwc(ctx, node, result, _spatial(node)), out)


_MAX = Row(adaptive_max_pool, Role.TRANSPARENT)

ROWS: dict[str, Row[Lowering]] = {
    "aten.adaptive_max_pool1d.default": _MAX,
    "aten.adaptive_max_pool2d.default": _MAX,
}
