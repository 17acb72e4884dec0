"""Choices between tensors, comparisons, slopes for each channel."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.elementwise import operand
from mcugen.frontend.lowering.rows.integers import Integers, combined, integer_row, plain, ranked
from mcugen.graph.ops import Compare, Maximum, Minimum, Operator, Prelu, Where
from mcugen.graph.ops.elementwise.integer import COMPARISONS
from mcugen.graph.tensor import Quantization

_TWO = ("self", "other")


def is_real(ctx: Lowering, value: Any) -> bool:
    """True for an activation that holds real numbers."""
    return isinstance(value, Node) and ctx.constant_value(value) is None and dtype_of(value) not in INTEGERS


def compared(operation: str) -> Integers:
    """A comparison: of real numbers by their values, of plain integers as they are."""

    def integers(ctx: Lowering, node: Node) -> str:
        bound = bind(node)
        values = (bound["self"], bound["other"])
        if not any(is_real(ctx, value) for value in values):
            return combined(operation)(ctx, node)
        ctx.compute_in(node)
        inputs = tuple(operand(ctx, value, node) for value in values)
        return ctx.emit(Compare, node, inputs, shape_of(node), None, dtype="bool", operation=operation)

    return integers


def _in(ctx: Lowering, value: Any, node: Node, out: Quantization) -> str:
    """A real operand in the result's quantization, with as many axes as the result."""
    if ctx.constant_value(value) is not None:
        tensor = ctx.moved(node, value, out)
    else:
        tensor = ctx.requantize(node, ctx.operand(value, node), out)
    return ranked(ctx, node, tensor)


def extremum(kind: type[Operator]) -> Row[Lowering]:
    """maximum and minimum of two tensors."""

    def build(ctx: Lowering, node: Node, out: Quantization) -> str:
        bound = bind(node)
        inputs = tuple(_in(ctx, bound[name], node, out) for name in _TWO)
        return ctx.emit(kind, node, inputs, shape_of(node), out)

    return Row(build, Role.COMPUTE, _TWO, integers=combined(kind.kind))


def _choice(node: Node) -> tuple[Any, Any, Any]:
    """(condition, where it is true, where it is false)"""
    bound = bind(node)
    if "mask" in bound:
        return bound["mask"], bound["value"], bound["self"]
    return bound["condition"], bound["self"], bound["other"]


def where(ctx: Lowering, node: Node, out: Quantization) -> str:
    condition, yes, no = _choice(node)
    inputs = (
        plain(ctx, condition, node, torch.bool),
        _in(ctx, yes, node, out),
        _in(ctx, no, node, out),
    )
    return ctx.emit(Where, node, inputs, shape_of(node), out)


def where_integers(ctx: Lowering, node: Node) -> str:
    condition, *values = _choice(node)
    dtype = dtype_of(node)
    assert dtype is not None
    inputs = (plain(ctx, condition, node, torch.bool), *(plain(ctx, value, node, dtype) for value in values))
    return ctx.emit(Where, node, inputs, shape_of(node), None, dtype=INTEGERS[dtype])


def prelu(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Slopes for each channel, axis 1; one slope alone is a function of one tensor."""
    bound = bind(node)
    rank, slopes = len(shape_of(node)), bound["weight"]
    x = ctx.operand(bound["self"], node)
    constant = ctx.constant_value(slopes)
    if constant is not None and constant.dim() == 1 and rank > 1:
        slope = ctx.operand(slopes, node)
        slope = ctx.reshape(node, slope, (1, constant.numel(), *[1] * (rank - 2)), "_channels")
    else:
        slope = operand(ctx, slopes, node)
    return ctx.emit(Prelu, node, (x, slope), shape_of(node), out)


def _refuse_power(ctx: Lowering, node: Node, out: Quantization) -> str:
    raise ctx.unsupported(
        node,
        "a power of two activations has no integer form",
        "use a constant exponent, or exp(y * log(x)) with a limited x",
    )


def _rows() -> dict[str, Row[Lowering]]:
    rows: dict[str, Row[Lowering]] = {}
    for operation in COMPARISONS:
        for overload in ("Tensor", "Scalar"):
            rows[f"aten.{operation}.{overload}"] = integer_row(compared(operation))
    for name in ("where.self", "where.ScalarSelf", "where.ScalarOther", "where.Scalar"):
        rows[f"aten.{name}"] = Row(where, Role.COMPUTE, _TWO, integers=where_integers)
    for overload in ("Scalar", "Tensor"):
        rows[f"aten.masked_fill.{overload}"] = Row(where, Role.COMPUTE, ("self", "value"), integers=where_integers)
    return rows


ROWS: dict[str, Row[Lowering]] = {
    **_rows(),
    "aten.maximum.default": extremum(Maximum),
    "aten.minimum.default": extremum(Minimum),
    "aten.prelu.default": Row(prelu, Role.COMPUTE),
    "aten._prelu_kernel.default": Row(prelu, Role.COMPUTE),
    "aten.pow.Tensor_Tensor": Row(_refuse_power, Role.COMPUTE, ("self", "exponent")),
}
