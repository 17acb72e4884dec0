"""Padding: with zeros or another constant, and with copies of values; negative padding cuts values off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.selection import integers_by_index, moved_by_index, take
from mcugen.graph.ops import Integer, Pad
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import DTYPES, Quantization

Pairs = tuple[tuple[int, int], ...]


def filling(node: Node) -> float:
    """What a padding operator fills with; 0 for one that copies values."""
    return float(bind(node).get("value") or 0) if _is_constant(node) else 0.0


def _is_constant(node: Node) -> bool:
    return bool(bind(node).get("mode", "constant") == "constant")


def pad(ctx: Lowering, node: Node, out: Quantization) -> str:
    if not _is_constant(node):
        return moved_by_index(ctx, node, out)
    value = filling(node)
    if not math.isfinite(value):
        raise ctx.unsupported(node, f"padding with {value}", "pad with a number that the values around it can have")
    x = ctx.moved(node, bind(node)["self"], out)
    if value:
        x = ctx.requantize(node, x, out)
    quantization = ctx.tensors[x].quantization
    assert quantization is not None
    integer = int(quantize(np.float32(value), quantization, quantization.dtype)) if value else None
    return ctx.requantize(node, _padded(ctx, node, x, integer), out)


def pad_integers(ctx: Lowering, node: Node) -> str:
    if not _is_constant(node):
        return integers_by_index(ctx, node)
    x, value = ctx.integer(bind(node)["self"], node), int(filling(node))
    given = ctx.tensors[x]
    if not value or given.dtype in ("int8", "bool"):
        return _padded(ctx, node, x, value)
    # Padded with bytes of 0, while all numbers are less by the value; sums wrap.
    number = np.full((1,) * len(given.shape), value, DTYPES[given.dtype])
    difference = ctx.constant(f"{node.name}_value", number, None)
    less = ctx.emit(Integer, node, (x, difference), given.shape, None, "_less", given.dtype, operation="sub")
    padded = _padded(ctx, node, less, 0)
    return ctx.emit(Integer, node, (padded, difference), shape_of(node), None, "_filled", given.dtype, operation="add")


def _padded(ctx: Lowering, node: Node, x: str, value: int | None) -> str:
    shape = ctx.tensors[x].shape
    pairs = _pads(bind(node), len(shape))
    if any(min(pair) < 0 for pair in pairs):
        kept = [
            range(max(-before, 0), size - max(-after, 0)) for size, (before, after) in zip(shape, pairs, strict=True)
        ]
        x = take(ctx, node, x, kept, "_cut")
    padding = tuple((max(before, 0), max(after, 0)) for before, after in pairs)
    tensor = ctx.tensors[x]
    return ctx.emit(
        Pad, node, (x,), shape_of(node), tensor.quantization, dtype=tensor.dtype, padding=padding, value=value
    )


def _pads(bound: dict[str, Any], rank: int) -> Pairs:
    """PyTorch lists pads from the last axis backwards."""
    flat = [int(p) for p in bound["pad"]]
    pairs = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]
    return tuple([(0, 0)] * (rank - len(pairs)) + pairs[::-1])


_PAD = Row(pad, Role.TRANSPARENT, integers=pad_integers)

ROWS: dict[str, Row[Lowering]] = {
    "aten.pad.default": _PAD,
    "aten.constant_pad_nd.default": _PAD,
}
