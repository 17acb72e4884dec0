"""Values added up at constant places: `fold`, and `index_put` that accumulates into zeros."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import Node

from mcugen.frontend.advice import instead
from mcugen.frontend.lowering.arguments import bind, ints, shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import TakeSum
from mcugen.graph.ops.movement.take_sum import Taps
from mcugen.graph.tensor import Quantization

Shape = tuple[int, ...]


def fold(ctx: Lowering, node: Node, out: Quantization) -> str:
    """nn.Fold: (N, C * KH * KW, L) to (N, C, H, W); the sum of all columns' elements that lie at a place."""
    bound = bind(node)
    kernel, dilation, padding, stride = (
        ints(bound[name], 2) for name in ("kernel_size", "dilation", "padding", "stride")
    )
    x = ctx.operand(bound["self"], node)
    *batch, channels, height, width = shape_of(node)
    size = (height, width)
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(size, padding, dilation, kernel, stride, strict=True)
    ]
    columns = math.prod(counts)
    steps = ((kernel[1] * columns, counts[1]), (columns, 1))
    taps: list[Taps] = []
    block = kernel[0] * kernel[1] * columns
    if batch:
        taps.append(tuple((i * channels * block,) for i in range(batch[0])))
    taps.append(tuple((i * block,) for i in range(channels)))
    for axis in range(2):
        found: list[list[int]] = [[] for _ in range(size[axis])]
        for i in range(kernel[axis]):
            for j in range(counts[axis]):
                place = i * dilation[axis] + j * stride[axis] - padding[axis]
                if 0 <= place < size[axis]:
                    found[place].append(i * steps[axis][0] + j * steps[axis][1])
        taps.append(tuple(map(tuple, found)))
    return ctx.emit(TakeSum, node, (x,), shape_of(node), out, taps=tuple(taps))


def accumulate(ctx: Lowering, node: Node, out: Quantization) -> str:
    """How `fold` is decomposed."""
    bound = bind(node)
    target = ctx.constant_value(bound["self"])
    indices = [None if index is None else ctx.constant_value(index) for index in bound["indices"]]
    unknown = any(index is not None and found is None for index, found in zip(bound["indices"], indices, strict=True))
    if not bound["accumulate"] or unknown or target is None or bool(target.any()):
        raise ctx.unsupported(
            node, "it has a form for sums at constant places of zeros alone", instead(target_name(node))
        )
    shape = shape_of(node)
    places = (
        torch.arange(math.prod(shape))
        .reshape(shape)[tuple(slice(None) if index is None else index for index in indices)]
        .numpy()
    )
    x = ctx.operand(bound["values"], node)
    if ctx.tensors[x].shape != places.shape:
        raise ctx.unsupported(node, "its values are broadcast", "expand them before")
    taps = _along_axes(places, shape)
    if taps is not None:
        return ctx.emit(TakeSum, node, (x,), shape, out, taps=taps)
    flat: list[list[int]] = [[] for _ in range(math.prod(shape))]
    for source, place in enumerate(places.reshape(-1).tolist()):
        flat[place].append(source)
    result = ctx.emit(TakeSum, node, (x,), (len(flat),), out, "_flat", taps=(tuple(map(tuple, flat)),))
    return ctx.reshape(node, result, shape, "")


def _along_axes(places: npt.NDArray[np.int64], shape: Shape) -> tuple[Taps, ...] | None:
    """The taps of each axis; None where an axis of the values moves along several."""
    coordinates = np.unravel_index(places, shape)
    moved: dict[int, list[int]] = {a: [] for a in range(len(shape))}
    for v in range(places.ndim):
        along = [a for a, c in enumerate(coordinates) if np.diff(c, axis=v).any()]
        if len(along) > 1:
            return None
        if places.shape[v] > 1:
            moved[along[0] if along else 0].append(v)
    strides = [math.prod(places.shape[v + 1 :]) for v in range(places.ndim)]
    taps = []
    for a, size in enumerate(shape):
        found: list[list[int]] = [[] for _ in range(size)]
        line: Any = coordinates[a][tuple(slice(None) if v in moved[a] else 0 for v in range(places.ndim))]
        for index in np.ndindex(line.shape):
            term = sum(i * strides[v] for i, v in zip(index, moved[a], strict=True))
            found[int(line[index])].append(term)
        taps.append(tuple(map(tuple, found)))
    return tuple(taps)


ROWS: dict[str, Row[Lowering]] = {
    "aten.col2im.default": Row(fold, Role.COMPUTE),
    "aten.index_put.default": Row(accumulate, Role.COMPUTE, ("values",)),
}
