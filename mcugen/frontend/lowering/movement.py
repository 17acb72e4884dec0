"""Operators that only move values: reshapes, permutations, copies, concatenation, padding with zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.fx import Node

from mcugen.frontend.lowering.arguments import axis, bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import Concatenation, Pad
from mcugen.graph.tensor import Quantization


def _source(node: Node) -> Node:
    return node.all_input_nodes[0]


def _dtype(node: Node) -> str:
    return str(node.meta["val"].dtype)


Move = Callable[[Lowering, Node, str], str]
"""(lowering, node, tensor of its operand) -> the moved tensor: same type, same quantization."""


def moving(move: Move) -> Row[Lowering]:
    """The row of an operator that only moves the elements of its first operand, whatever they are."""

    def build(ctx: Lowering, node: Node, out: Quantization) -> str:
        return ctx.requantize(node, move(ctx, node, ctx.moved(node, _source(node), out)), out)

    def integers(ctx: Lowering, node: Node) -> str:
        return move(ctx, node, ctx.integer(_source(node), node))

    return Row(build, Role.TRANSPARENT, integers=integers, moves=True)


def reshape(ctx: Lowering, node: Node, x: str) -> str:
    return ctx.reshape(node, x, shape_of(node), "")


def same(ctx: Lowering, node: Node, x: str) -> str:
    """Copies, dropout in evaluation mode, and other operators that change nothing."""
    bound = bind(node)
    if bound.get("train"):
        raise ctx.unsupported(node, "dropout in training mode", "call model.eval() before torch.export.export")
    if _dtype(node) != _dtype(_source(node)):
        raise ctx.unsupported(node, f"a conversion to {_dtype(node)}", "keep one floating-point type in the model")
    if shape_of(node) != shape_of(_source(node)):
        raise ctx.unsupported(node, "it repeats values", "use shapes that need no repetition")
    return x


def first_result(ctx: Lowering, node: Node, out: Quantization) -> str:
    """`getitem` 0 of an operator with several results."""
    if node.args[1] != 0:
        raise ctx.unsupported(node, f"result {node.args[1]} of {_source(node).target}", "use the first result only")
    return ctx.materialize(_source(node), out)


def _permutation(node: Node) -> tuple[int, ...]:
    bound, rank = bind(node), len(shape_of(node))
    if "dims" in bound:
        return tuple(axis(d, rank) for d in bound["dims"])
    order = list(range(rank))
    if rank >= 2:
        a, b = (axis(d, rank) for d in (bound.get("dim0", 0), bound.get("dim1", 1)))
        order[a], order[b] = order[b], order[a]
    return tuple(order)


def permute(ctx: Lowering, node: Node, x: str) -> str:
    return ctx.transpose(node, x, _permutation(node), "")


def concatenate(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    parts = []
    for value in bound["tensors"]:
        part = ctx.moved(node, value, out) if ctx.natural(value) is None else ctx.operand(value, node)
        parts.append(ctx.requantize(node, part, out))
    over = axis(bound["dim"], len(shape_of(node)))
    return ctx.emit(Concatenation, node, tuple(parts), shape_of(node), out, axis=over)


def concatenate_integers(ctx: Lowering, node: Node) -> str:
    bound = bind(node)
    parts = tuple(ctx.integer(value, node) for value in bound["tensors"])
    first = ctx.tensors[parts[0]]
    over = axis(bound["dim"], len(shape_of(node)))
    return ctx.emit(Concatenation, node, parts, shape_of(node), first.quantization, dtype=first.dtype, axis=over)


def _pads(bound: dict[str, Any], rank: int) -> tuple[tuple[int, int], ...]:
    """PyTorch lists pads from the last axis backwards."""
    flat = [int(p) for p in bound["pad"]]
    pairs = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]
    return tuple([(0, 0)] * (rank - len(pairs)) + pairs[::-1])


def pad(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if bound.get("mode", "constant") != "constant" or (bound["value"] or 0) != 0:
        raise ctx.unsupported(node, "only padding with zeros has an integer form", "pad with mode='constant', value=0")
    padding = _pads(bound, len(shape_of(node)))
    if any(min(p) < 0 for p in padding):
        raise ctx.unsupported(node, "negative padding cuts values off", "slice before the model instead")
    x = ctx.moved(node, _source(node), out)
    quantization = ctx.tensors[x].quantization
    assert quantization is not None
    return ctx.requantize(node, ctx.emit(Pad, node, (x,), shape_of(node), quantization, padding=padding), out)


_RESHAPE = moving(reshape)
_SAME = moving(same)
_PERMUTE = moving(permute)
_PAD = Row(pad, Role.TRANSPARENT)
_CONCATENATE = Row(concatenate, Role.JOIN, ("tensors",), integers=concatenate_integers)

ROWS: dict[str, Row[Lowering]] = {
    "aten.cat.default": _CONCATENATE,
    "aten.concat.default": _CONCATENATE,
    "aten.pad.default": _PAD,
    "aten.constant_pad_nd.default": _PAD,
    "aten.view.default": _RESHAPE,
    "aten._unsafe_view.default": _RESHAPE,
    "aten.reshape.default": _RESHAPE,
    "aten.flatten.using_ints": _RESHAPE,
    "aten.unflatten.int": _RESHAPE,
    "aten.squeeze.default": _RESHAPE,
    "aten.squeeze.dim": _RESHAPE,
    "aten.squeeze.dims": _RESHAPE,
    "aten.unsqueeze.default": _RESHAPE,
    "aten.permute.default": _PERMUTE,
    "aten.transpose.int": _PERMUTE,
    "aten.t.default": _PERMUTE,
    "aten.dropout.default": _SAME,
    "aten.feature_dropout.default": _SAME,
    "aten.contiguous.default": _SAME,
    "aten.clone.default": _SAME,
    "aten.detach.default": _SAME,
    "aten.alias.default": _SAME,
    "aten.expand.default": _SAME,
    "aten.lift_fresh_copy.default": _SAME,
    "aten._to_copy.default": _SAME,
    "aten.to.dtype": _SAME,
    "getitem": Row(first_result, Role.TRANSPARENT),
}
