"""Adaptive pooling to any output size: averages over windows of different sizes, and maxima."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.arguments import shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.layout import from_nhwc, nhwc_shape, to_nhwc
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.integers import integer_row
from mcugen.graph.ops import AdaptiveAveragePool2d, MaxPool2d, MaxPoolPlaces2d, SpannedMaxPool2d
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
    """Windows of one size that do not overlap are an ordinary pool."""
    x = to_nhwc(ctx, node, ctx.moved(node, node.all_input_nodes[0], out), _spatial(node))
    given = ctx.tensors[x]
    rows, columns = _spans(node, given.shape)
    kernel = (rows[0][1], columns[0][1])
    if any(spans[-1][1] != len(spans) * size for spans, size in zip((rows, columns), kernel, strict=True)):
        return spanned_maximum(ctx, node, x, rows, columns, (1, 1), out)
    shape = nhwc_shape(shape_of(node), _spatial(node))
    result = ctx.emit(MaxPool2d, node, (x,), shape, given.quantization, kernel=kernel, stride=kernel)
    return ctx.requantize(node, from_nhwc(ctx, node, result, _spatial(node)), out)


def adaptive_places(ctx: Lowering, node: Node) -> str:
    """`return_indices` of an adaptive maximum pool."""
    x = to_nhwc(ctx, node, ctx.operand(node.all_input_nodes[0], node), _spatial(node))
    return places_of_maxima(ctx, node, x, *_spans(node, ctx.tensors[x].shape), (1, 1))


def spanned_maximum(
    ctx: Lowering, node: Node, x: str, rows: Spans, columns: Spans, step: tuple[int, int], out: Quantization
) -> str:
    """The maxima of any windows over an NHWC tensor, in the node's layout."""
    shape, given = nhwc_shape(shape_of(node), _spatial(node)), ctx.tensors[x].quantization
    result = ctx.emit(SpannedMaxPool2d, node, (x,), shape, given, rows=rows, columns=columns, step=step)
    return ctx.requantize(node, from_nhwc(ctx, node, result, _spatial(node)), out)


def places_of_maxima(ctx: Lowering, node: Node, x: str, rows: Spans, columns: Spans, step: tuple[int, int]) -> str:
    """Where those maxima are: a row and a column of an image as one number, or the place in a signal."""
    shape = nhwc_shape(shape_of(node), _spatial(node))
    row_elements = ctx.tensors[x].shape[2] if _spatial(node) == 2 else 0
    result = ctx.emit(
        MaxPoolPlaces2d,
        node,
        (x,),
        shape,
        None,
        "_places",
        "int64",
        rows=rows,
        columns=columns,
        step=step,
        row_elements=row_elements,
    )
    return from_nhwc(ctx, node, result, _spatial(node))


_MAX = Row(adaptive_max_pool, Role.TRANSPARENT)
_PLACES = integer_row(adaptive_places, ("self",))

ROWS: dict[str, Row[Lowering]] = {
    "aten.adaptive_max_pool1d.default": _MAX,
    "aten.adaptive_max_pool2d.default": _MAX,
    "mcugen.adaptive_max_pool1d_places.default": _PLACES,
    "mcugen.adaptive_max_pool2d_places.default": _PLACES,
}
