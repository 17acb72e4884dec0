"""Maximum and average pooling of one and two dimensions, global averages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, ints, shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.layout import from_nhwc, nhwc_shape, to_nhwc
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.adaptive import places_of_maxima, spanned_maximum, uneven_average
from mcugen.frontend.lowering.rows.integers import integer_row
from mcugen.graph.ops import AveragePool2d, DepthwiseConv2d, MaxPool2d, Mean, Pad
from mcugen.graph.ops.pooling.adaptive_average_pool2d import Spans
from mcugen.graph.tensor import Quantization

Pair = tuple[int, int]


def _dimensions(node: Node) -> int:
    """1 or 2, the axes behind the channels. A batch axis may be there or not, so the shape does not tell."""
    return 1 if "1d" in target_name(node) else 2


def _size(node: Node, of: Node | None = None) -> tuple[int, ...]:
    """The sizes of the axes that `node` pools over, in its result or in another tensor."""
    return shape_of(node if of is None else of)[-_dimensions(node) :]


def _spatial(node: Node, value: Any, neutral: int) -> Pair:
    """An argument of a pooling operator as (vertical, horizontal)."""
    values = ints(value, _dimensions(node))
    return (neutral, values[0]) if len(values) == 1 else (values[0], values[1])


def _end_padding(size: int, out: int, kernel: int, stride: int, before: int) -> int:
    """What must follow the input so that exactly `out` windows fit (ceil mode may need more, floor mode less)."""
    return max((out - 1) * stride + kernel - size - before, 0)


def _padding(node: Node, source: Node, kernel: Pair, stride: Pair, pads: Pair) -> tuple[int, int, int, int]:
    size, out = _size(node, source), _size(node)
    if len(size) == 1:
        size, out = (1, *size), (1, *out)
    bottom, right = (_end_padding(n, o, k, s, p) for n, o, k, s, p in zip(size, out, kernel, stride, pads, strict=True))
    return pads[0], pads[1], bottom, right


def _pooled_shape(node: Node) -> tuple[int, int, int, int]:
    return nhwc_shape(shape_of(node), _dimensions(node))


def max_pool(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    source = bound["self"]
    kernel = _spatial(node, bound["kernel_size"], 1)
    stride = _spatial(node, bound["stride"] or bound["kernel_size"], 1)
    pads = _spatial(node, bound["padding"], 0)
    x = to_nhwc(ctx, node, ctx.moved(node, source, out), _dimensions(node))
    if any(d != 1 for d in ints(bound["dilation"], 2)):
        return spanned_maximum(ctx, node, x, *_windows(ctx, node, ctx.tensors[x].shape), out)
    quantization = ctx.tensors[x].quantization
    assert quantization is not None
    padding = _padding(node, source, kernel, stride, pads)
    result = ctx.emit(
        MaxPool2d, node, (x,), _pooled_shape(node), quantization, kernel=kernel, stride=stride, padding=padding
    )
    return ctx.requantize(node, from_nhwc(ctx, node, result, _dimensions(node)), out)


def _windows(ctx: Lowering, node: Node, x: tuple[int, ...]) -> tuple[Spans, Spans, Pair]:
    """Rows and columns of the windows' parts inside an NHWC input, and the distance of their elements."""
    bound, shape = bind(node), _pooled_shape(node)
    arguments = [
        _spatial(node, value, neutral)
        for value, neutral in (
            (bound["kernel_size"], 1),
            (bound["stride"] or bound["kernel_size"], 1),
            (bound["padding"], 0),
            (bound["dilation"], 1),
        )
    ]
    spans = []
    for size, out, kernel, stride, pad, step in zip(x[1:3], shape[1:3], *arguments, strict=True):
        starts = [i * stride - pad for i in range(out)]
        # The first element that lies inside.
        firsts = [start if start >= 0 else start % step for start in starts]
        ends = [min(start + (kernel - 1) * step + 1, size) for start in starts]
        if any(first >= end for first, end in zip(firsts, ends, strict=True)):
            raise ctx.unsupported(node, "a window holds nothing but padding", "use less padding or dilation")
        spans.append(tuple(zip(firsts, ends, strict=True)))
    return spans[0], spans[1], arguments[3]


def pool_places(ctx: Lowering, node: Node) -> str:
    """`return_indices` of a maximum pool."""
    x = to_nhwc(ctx, node, ctx.operand(bind(node)["self"], node), _dimensions(node))
    return places_of_maxima(ctx, node, x, *_windows(ctx, node, ctx.tensors[x].shape))


def average_pool(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Without a divisor of its own, nor padding that is counted in part: `canonical` has rewritten those."""
    bound = bind(node)
    kernel = _spatial(node, bound["kernel_size"], 1)
    stride = _spatial(node, bound["stride"] or bound["kernel_size"], 1)
    pads = _spatial(node, bound["padding"], 0)
    include = bool(bound["count_include_pad"]) and any(pads)
    return _average(ctx, node, bound["self"], kernel, stride, pads, include, out)


def adaptive_average_pool(ctx: Lowering, node: Node, out: Quantization) -> str:
    source = bind(node)["self"]
    size, wanted = _size(node, source), _size(node)
    if any(n % o for n, o in zip(size, wanted, strict=True)):
        return uneven_average(ctx, node, out)
    kernel = _spatial(node, [n // o for n, o in zip(size, wanted, strict=True)], 1)
    return _average(ctx, node, source, kernel, kernel, (0, 0), False, out)


def _average(
    ctx: Lowering, node: Node, source: Node, kernel: Pair, stride: Pair, pads: Pair, include: bool, out: Quantization
) -> str:
    rank, spatial = len(shape_of(node)), _dimensions(node)
    if all(n == 1 for n in _size(node)) and is_global(node):
        return _mean(ctx, node, source, tuple(range(rank - spatial, rank)), out)
    x = to_nhwc(ctx, node, ctx.operand(source, node), spatial)
    quantization = ctx.tensors[x].quantization
    assert quantization is not None
    padding = _padding(node, source, kernel, stride, pads)
    # Windows that all divide by the kernel's size; those of ceil_mode may reach beyond an input without padding.
    uniform = include or not any(padding)
    if quantization != out and uniform:
        return from_nhwc(ctx, node, _average_as_convolution(ctx, node, x, kernel, stride, padding, out), spatial)
    if quantization.scale > out.scale and not uniform:
        raise ctx.unsupported(
            node,
            f"it leaves padding out, and its output's scale {out.scale:.6g} is finer than its input's",
            "quantize its output with its input's scale and zero point",
        )
    if include:
        top, left, bottom, right = padding
        n, h, w, c = ctx.tensors[x].shape
        around = ((0, 0), (top, bottom), (left, right), (0, 0))
        shape = (n, h + top + bottom, w + left + right, c)
        x = ctx.emit(Pad, node, (x,), shape, quantization, "_pad", padding=around)
        padding = (0, 0, 0, 0)
    result = ctx.emit(
        AveragePool2d, node, (x,), _pooled_shape(node), quantization, kernel=kernel, stride=stride, padding=padding
    )
    return ctx.requantize(node, from_nhwc(ctx, node, result, spatial), out)


def _average_as_convolution(
    ctx: Lowering, node: Node, x: str, kernel: Pair, stride: Pair, padding: tuple[int, int, int, int], out: Quantization
) -> str:
    """An average whose output has another scale: a depthwise convolution with ones rounds once instead of twice."""
    channels = ctx.tensors[x].shape[3]
    ones = np.ones((1, *kernel, channels), dtype=np.int8)
    weights = ctx.constant(f"{node.name}_weights", ones, Quantization.per_tensor(1.0 / math.prod(kernel), 0))
    return ctx.emit(DepthwiseConv2d, node, (x, weights), _pooled_shape(node), out, stride=stride, padding=padding)


def is_global(node: Node) -> bool:
    """True for a pooling operator whose one window is the whole, unpadded input."""
    bound = bind(node)
    size = _size(node, bound["self"])
    if "output_size" in bound:
        return all(n == 1 for n in _size(node))
    padded = any(ints(bound["padding"], len(size)))
    return ints(bound["kernel_size"], len(size)) == size and not padded and bound.get("divisor_override") is None


def is_windowed(node: Node) -> bool:
    """True for pooling that is not global: its result keeps the input's quantization."""
    return not is_global(node)


def _mean(ctx: Lowering, node: Node, source: Node, over: tuple[int, ...], out: Quantization) -> str:
    return ctx.emit(Mean, node, (ctx.operand(source, node),), shape_of(node), out, axes=over)


_MAX_POOL = Row(max_pool, Role.TRANSPARENT)
_AVERAGE = Row(average_pool, Role.COMPUTE, shares=is_windowed, keeps_range=True)
_ADAPTIVE = Row(adaptive_average_pool, Role.COMPUTE, shares=is_windowed, keeps_range=True)

_PLACES = integer_row(pool_places, ("self",))

ROWS: dict[str, Row[Lowering]] = {
    "mcugen.max_pool1d_places.default": _PLACES,
    "mcugen.max_pool2d_places.default": _PLACES,
    "aten.max_pool1d.default": _MAX_POOL,
    "aten.max_pool1d_with_indices.default": _MAX_POOL,
    "aten.max_pool2d.default": _MAX_POOL,
    "aten.max_pool2d_with_indices.default": _MAX_POOL,
    "aten.avg_pool1d.default": _AVERAGE,
    "aten.avg_pool2d.default": _AVERAGE,
    "aten.adaptive_avg_pool1d.default": _ADAPTIVE,
    "aten.adaptive_avg_pool2d.default": _ADAPTIVE,
    "aten._adaptive_avg_pool2d.default": _ADAPTIVE,
}
