"""Operators that only move values: reshapes, permutations, copies, concatenation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch.fx import Node

from mcugen.frontend.advice import BYTES
from mcugen.frontend.lowering.arguments import axis, bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.integers import converted
from mcugen.graph.ops import Concatenation
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
        real = _source(node).meta["val"].is_floating_point()
        advice = "keep one floating-point type in the model" if real else BYTES
        raise ctx.unsupported(node, f"a conversion of {_dtype(_source(node))} to {_dtype(node)}", advice)
    return x


def first_result(ctx: Lowering, node: Node, out: Quantization) -> str:
    """`getitem` 0 of an operator with several results."""
    if node.args[1] != 0:
        raise ctx.unsupported(node, f"result {node.args[1]} of {_source(node).target}", "use the first result only")
    return ctx.materialize(_source(node), out)


def _permutation(node: Node) -> tuple[int, ...]:
    """What the operator does to axes of sizes 2, 3, 4 ..., since it is told axes only."""
    sizes = torch.empty(tuple(range(2, 2 + len(shape_of(node)))))
    arguments, keywords = torch.fx.node.map_arg((node.args, node.kwargs), lambda _: sizes)
    assert isinstance(node.target, torch._ops.OpOverload)
    return tuple(size - 2 for size in node.target(*arguments, **keywords).shape)


def permute(ctx: Lowering, node: Node, x: str) -> str:
    return ctx.transpose(node, x, _permutation(node), "")


def stack(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Joins along a new axis."""
    parts, over = _stacked(ctx, node, [_joined(ctx, node, value, out) for value in bind(node)["tensors"]])
    return ctx.emit(Concatenation, node, parts, shape_of(node), out, axis=over)


def stack_integers(ctx: Lowering, node: Node) -> str:
    parts, over = _stacked(ctx, node, [ctx.integer(value, node) for value in bind(node)["tensors"]])
    first = ctx.tensors[parts[0]]
    return ctx.emit(Concatenation, node, parts, shape_of(node), first.quantization, dtype=first.dtype, axis=over)


def _stacked(ctx: Lowering, node: Node, parts: list[str]) -> tuple[tuple[str, ...], int]:
    """The parts with the new axis, and which that is."""
    shape = shape_of(node)
    over = axis(bind(node)["dim"], len(shape))
    single = (*shape[:over], 1, *shape[over + 1 :])
    return tuple(ctx.reshape(node, part, single, "_part") for part in parts), over


def _joined(ctx: Lowering, node: Node, value: Node, out: Quantization) -> str:
    """One part of a concatenation, in its quantization."""
    part = ctx.moved(node, value, out) if ctx.natural(value) is None else ctx.operand(value, node)
    return ctx.requantize(node, part, out)


def requantized(ctx: Lowering, node: Node, out: Quantization) -> str:
    """mcugen::requantized, one part of a concatenation that has another scale elsewhere."""
    return ctx.requantize(node, ctx.operand(node.all_input_nodes[0], node), out)


def concatenate(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    parts = [_joined(ctx, node, value, out) for value in bound["tensors"]]
    over = axis(bound["dim"], len(shape_of(node)))
    return ctx.emit(Concatenation, node, tuple(parts), shape_of(node), out, axis=over)


def concatenate_integers(ctx: Lowering, node: Node) -> str:
    bound = bind(node)
    parts = tuple(ctx.integer(value, node) for value in bound["tensors"])
    first = ctx.tensors[parts[0]]
    over = axis(bound["dim"], len(shape_of(node)))
    return ctx.emit(Concatenation, node, parts, shape_of(node), first.quantization, dtype=first.dtype, axis=over)


_RESHAPE = moving(reshape)
_SAME = moving(same)
_CONVERSION = replace(_SAME, integers=converted)
_PERMUTE = moving(permute)
_CONCATENATE = Row(concatenate, Role.JOIN, ("tensors",), integers=concatenate_integers)
_STACK = Row(stack, Role.JOIN, ("tensors",), integers=stack_integers)

ROWS: dict[str, Row[Lowering]] = {
    "aten.cat.default": _CONCATENATE,
    "aten.concat.default": _CONCATENATE,
    "aten.stack.default": _STACK,
    "aten.view.default": _RESHAPE,
    "aten._unsafe_view.default": _RESHAPE,
    "aten.reshape.default": _RESHAPE,
    "aten.flatten.using_ints": _RESHAPE,
    "aten.unflatten.int": _RESHAPE,
    "aten.squeeze.default": _RESHAPE,
    "aten.squeeze.dim": _RESHAPE,
    "aten.squeeze.dims": _RESHAPE,
    "aten.unsqueeze.default": _RESHAPE,
    "aten.view_as.default": _RESHAPE,
    "aten.reshape_as.default": _RESHAPE,
    "aten.ravel.default": _RESHAPE,
    "aten.permute.default": _PERMUTE,
    "aten.transpose.int": _PERMUTE,
    "aten.t.default": _PERMUTE,
    "aten.numpy_T.default": _PERMUTE,
    "aten.mT.default": _PERMUTE,
    "aten.adjoint.default": _PERMUTE,
    "aten.movedim.int": _PERMUTE,
    "aten.movedim.intlist": _PERMUTE,
    "aten.moveaxis.int": _PERMUTE,
    "aten.moveaxis.intlist": _PERMUTE,
    "aten.swapaxes.default": _PERMUTE,
    "aten.swapdims.default": _PERMUTE,
    "aten.dropout.default": _SAME,
    "aten.feature_dropout.default": _SAME,
    "aten.contiguous.default": _SAME,
    "aten.clone.default": _SAME,
    "aten.detach.default": _SAME,
    "aten.alias.default": _SAME,
    "aten.lift_fresh_copy.default": _SAME,
    "aten._to_copy.default": _CONVERSION,
    "aten.to.dtype": _CONVERSION,
    "mcugen.requantized.default": Row(requantized, Role.COMPUTE),
    "getitem": Row(first_result, Role.TRANSPARENT),
}
