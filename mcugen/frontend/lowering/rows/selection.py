"""Operators whose result is made of their operand's values at constant places: slices, repetitions, flips, upsampling.

What such an operator does is found out by running it once on the places themselves, so that no argument of any of them
is interpreted here: its result says for each element where it comes from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import axis, bind, ints, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Row
from mcugen.frontend.lowering.rows.movement import moving
from mcugen.graph.ops import Pad, Take
from mcugen.graph.tensor import Quantization

Shape = tuple[int, ...]
Places = npt.NDArray[np.int64]


def take(ctx: Lowering, node: Node, x: str, indices: Sequence[Sequence[int]], suffix: str = "") -> str:
    """`numpy.ix_`: the values at the indices of each axis; the tensor itself when those are all."""
    source = ctx.tensors[x]
    if all(list(taken) == list(range(size)) for taken, size in zip(indices, source.shape, strict=True)):
        return x
    shape = tuple(len(taken) for taken in indices)
    listed = tuple(tuple(int(i) for i in taken) for taken in indices)
    return ctx.emit(Take, node, (x,), shape, source.quantization, suffix, source.dtype, indices=listed)


def select(ctx: Lowering, node: Node, x: str) -> str:
    """Any operator of this file: along each axis where that is possible, else from the flattened operand."""
    shape, out = ctx.tensors[x].shape, shape_of(node)
    places = _places(ctx, node, shape)
    for inner, outer in _views(ctx, node, shape, out):
        indices = _along_axes(places.reshape(outer), inner)
        if indices is not None:
            moved = take(ctx, node, ctx.reshape(node, x, inner, "_view"), indices, "" if outer == out else "_taken")
            return ctx.reshape(node, moved, out, "" if moved != x else "_reshape")
    raise AssertionError("flattened operands have one axis")


def _places(ctx: Lowering, node: Node, shape: Shape) -> Places:
    """Where in the flattened operand each element of the result comes from."""
    # Not all operators take integers; float64 holds places exactly.
    numbers = torch.arange(math.prod(shape), dtype=torch.float64).reshape(shape)
    source = node.all_input_nodes[0]

    def argument(value: Node) -> torch.Tensor:
        if value is source:
            return numbers
        constant = ctx.constant_value(value)
        if constant is None:
            given = "an input of the model" if value.op == "placeholder" else "computed by the model"
            raise ctx.unsupported(node, f"{value.name!r} is {given}", "use constant indices, gather or x[indices]")
        return constant

    arguments, keywords = torch.fx.node.map_arg((node.args, node.kwargs), argument)
    assert isinstance(node.target, torch._ops.OpOverload)
    result: torch.Tensor = node.target(*arguments, **keywords)
    return result.contiguous().numpy().astype(np.int64)


def _along_axes(places: Places, shape: Shape) -> list[list[int]] | None:
    """The indices of each axis of a result with as many axes as the operand; None when they depend on each other."""
    rank = len(shape)
    indices = []
    for a in range(rank):
        line = places[tuple(slice(None) if b == a else 0 for b in range(rank))].reshape(-1)
        indices.append(np.unravel_index(line, shape)[a])
    steps = [math.prod(shape[a + 1 :]) for a in range(rank)]
    total: Places = np.zeros((), np.int64)
    for taken, step in zip(indices, steps, strict=True):
        total = total[..., None] + taken * step
    return [taken.tolist() for taken in indices] if np.array_equal(total, places) else None


def _views(ctx: Lowering, node: Node, shape: Shape, out: Shape) -> list[tuple[Shape, Shape]]:
    """Shapes of operand and result with as many axes each in which to look for indices along axes, best first."""
    views = []
    if len(shape) == len(out):
        views.append((shape, out))
    if len(shape) < len(out):
        # New axes in front, as repetitions have them.
        views.append(((1,) * (len(out) - len(shape)) + shape, out))
    bound = bind(node)
    if isinstance(dim := bound.get("dim"), int) and len(out) == len(shape) - 1:
        chosen = axis(dim, len(shape))
        views.append((shape, (*out[:chosen], 1, *out[chosen:])))
    if isinstance(indices := bound.get("indices"), list | tuple):
        views += _indexed_view(ctx, indices, shape)
    views.append(((math.prod(shape),), (math.prod(out),)))
    return views


def _indexed_view(ctx: Lowering, indices: Sequence[Any], shape: Shape) -> list[tuple[Shape, Shape]]:
    """Neighbouring axes that are indexed together, as one axis."""
    where = [a for a, index in enumerate(indices) if index is not None]
    if not where or where != list(range(where[0], where[-1] + 1)):
        return []
    found = [index for a in where if (index := ctx.constant_value(indices[a])) is not None]
    if len(found) < len(where) or any(index.dtype == torch.bool for index in found):
        return []
    count = np.broadcast(*(index.numpy() for index in found)).size
    before, behind = shape[: where[0]], shape[where[-1] + 1 :]
    joined = math.prod(shape[where[0] : where[-1] + 1])
    return [((*before, joined, *behind), (*before, count, *behind))]


def unfold(ctx: Lowering, node: Node, x: str) -> str:
    """Tensor.unfold: windows along one axis; the place in the window becomes the last axis."""
    bound, shape = bind(node), ctx.tensors[x].shape
    over, size, step = axis(bound["dimension"], len(shape)), bound["size"], bound["step"]
    count = (shape[over] - size) // step + 1
    indices: list[Sequence[int]] = [range(n) for n in shape]
    indices[over] = [i * step + j for j in range(size) for i in range(count)]
    windows = take(ctx, node, x, indices, "_windows")
    windows = ctx.reshape(node, windows, (*shape[:over], size, count, *shape[over + 1 :]), "_split")
    order = (*range(over), *range(over + 1, len(shape) + 1), over)
    return ctx.transpose(node, windows, order, "")


def im2col(ctx: Lowering, node: Node, x: str) -> str:
    """nn.Unfold: the windows of an image as columns, (N, C, H, W) to (N, C * KH * KW, L)."""
    bound = bind(node)
    kernel, dilation, padding, stride = (
        ints(bound[name], 2) for name in ("kernel_size", "dilation", "padding", "stride")
    )
    source = ctx.tensors[x]
    shape = (*source.shape[:-2], *(n + 2 * p for n, p in zip(source.shape[-2:], padding, strict=True)))
    if any(padding):
        around = (*((0, 0) for _ in shape[:-2]), *((p, p) for p in padding))
        x = ctx.emit(Pad, node, (x,), shape, source.quantization, "_pad", source.dtype, padding=around)
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(shape[-2:], kernel, dilation, stride, strict=True)]
    windows = [
        [i * d + j * s for i in range(k) for j in range(n)]
        for k, d, s, n in zip(kernel, dilation, stride, counts, strict=True)
    ]
    lead = shape[:-2]
    taken = take(ctx, node, x, [*(range(n) for n in lead), *windows], "_windows")
    split = ctx.reshape(node, taken, (*lead, kernel[0], counts[0], kernel[1], counts[1]), "_split")
    rank = len(lead)
    order = (*range(rank), rank, rank + 2, rank + 1, rank + 3)
    return ctx.reshape(node, ctx.transpose(node, split, order, "_columns"), shape_of(node), "")


def _shuffle(split: Callable[[Shape, int], Shape], order: tuple[int, ...], factor: str) -> Row[Lowering]:
    """A reshape, a permutation, and a reshape of the three innermost axes (C, H, W); `split` of them and the factor."""

    def move(ctx: Lowering, node: Node, x: str) -> str:
        shape = ctx.tensors[x].shape
        lead = (math.prod(shape[:-3]),)
        parts = ctx.reshape(node, x, (*lead, *split(shape[-3:], int(bind(node)[factor]))), "_split")
        moved = ctx.transpose(node, parts, (0, *(1 + a for a in order)), "_moved")
        return ctx.reshape(node, moved, shape_of(node), "")

    return moving(move)


def shuffle_channels(ctx: Lowering, node: Node, x: str) -> str:
    """channel_shuffle: (N, g, C/g, ...) with the two swapped."""
    shape, groups = ctx.tensors[x].shape, int(bind(node)["groups"])
    order = [place * (shape[1] // groups) + rest for rest in range(shape[1] // groups) for place in range(groups)]
    return take(ctx, node, x, [range(shape[0]), order, *(range(n) for n in shape[2:])])


_SELECT = moving(select)
_CHANNELS = moving(shuffle_channels)


def moved_by_index(ctx: Lowering, node: Node, out: Quantization) -> str:
    """`Row.build` of an operator that `select` can do."""
    return _SELECT.build(ctx, node, out)


def integers_by_index(ctx: Lowering, node: Node) -> str:
    """`Row.integers` of an operator that `select` can do."""
    assert _SELECT.integers is not None
    return _SELECT.integers(ctx, node)


_SELECTED = (
    "slice.Tensor",
    "slice_copy.Tensor",
    "select.int",
    "select_copy.int",
    "narrow.default",
    "narrow_copy.default",
    "expand.default",
    "expand_copy.default",
    "expand_as.default",
    "broadcast_to.default",
    "repeat.default",
    "tile.default",
    "repeat_interleave.self_int",
    "flip.default",
    "fliplr.default",
    "flipud.default",
    "roll.default",
    "rot90.default",
    "diagonal.default",
    "take.default",
    "reflection_pad1d.default",
    "reflection_pad2d.default",
    "reflection_pad3d.default",
    "replication_pad1d.default",
    "replication_pad2d.default",
    "replication_pad3d.default",
    "_pad_circular.default",
    "upsample_nearest1d.default",
    "upsample_nearest1d.vec",
    "upsample_nearest2d.default",
    "upsample_nearest2d.vec",
    "_upsample_nearest_exact1d.default",
    "_upsample_nearest_exact1d.vec",
    "_upsample_nearest_exact2d.default",
    "_upsample_nearest_exact2d.vec",
)

ROWS: dict[str, Row[Lowering]] = {
    **{f"aten.{name}": _SELECT for name in _SELECTED},
    "aten.unfold.default": moving(unfold),
    "aten.im2col.default": moving(im2col),
    "aten.channel_shuffle.default": _CHANNELS,
    "aten.native_channel_shuffle.default": _CHANNELS,
    "aten.pixel_shuffle.default": _shuffle(
        lambda s, r: (s[0] // r**2, r, r, s[1], s[2]), (0, 3, 1, 4, 2), "upscale_factor"
    ),
    "aten.pixel_unshuffle.default": _shuffle(
        lambda s, r: (s[0], s[1] // r, r, s[2] // r, r), (0, 2, 4, 1, 3), "downscale_factor"
    ),
}
