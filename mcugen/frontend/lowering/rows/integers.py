"""Arithmetic and logic of plain integers and booleans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import Cast, Integer, Maximum, Minimum
from mcugen.graph.ops.elementwise.integer import COMPARISONS
from mcugen.graph.tensor import Quantization

Integers = Callable[[Lowering, Node], str]
_TWO = ("self", "other")


def ranked(ctx: Lowering, node: Node, tensor: str) -> str:
    """A tensor with as many axes as the node's result, so that layouts can move through the operator."""
    shape, rank = ctx.tensors[tensor].shape, len(shape_of(node))
    return ctx.reshape(node, tensor, (1,) * (rank - len(shape)) + shape, f"_rank{rank}")


def cast(ctx: Lowering, node: Node, tensor: str, dtype: str) -> str:
    """Plain integers as another type."""
    source = ctx.tensors[tensor]
    return (
        tensor
        if source.dtype == dtype
        else ctx.emit(Cast, node, (tensor,), source.shape, None, f"_{dtype}", dtype=dtype)
    )


def plain(ctx: Lowering, value: Any, node: Node, dtype: torch.dtype) -> str:
    """A plain integer operand of a type, with as many axes as the result."""
    constant = ctx.constant_value(value)
    if constant is None:
        tensor = cast(ctx, node, ctx.integer(value, node), INTEGERS[dtype])
    else:
        converted = constant.to(dtype)
        if not torch.equal(converted.double(), constant.double()):
            raise ctx.unsupported(
                node, f"its constant operand is no {dtype}", "compute with numbers that the integers' type holds"
            )
        tensor = ctx.constant(f"{node.name}_constant", converted.numpy(), None)
    return ranked(ctx, node, tensor)


def _common(ctx: Lowering, values: list[Any]) -> torch.dtype:
    """The type in which PyTorch combines integers: numbers have a say only beside booleans."""
    types = [d for v in values if isinstance(v, Node) and (d := dtype_of(v)) is not None]
    found = types[0]
    for dtype in types[1:]:
        found = torch.promote_types(found, dtype)
    numbers = [v for v in values if not isinstance(v, Node | bool)]
    return torch.int64 if found == torch.bool and numbers else found


def combined(operation: str, *, boolean: bool = False, reverse: bool = False) -> Integers:
    """Two plain operands, perhaps in reverse order; `boolean`: taken as truth values first."""

    def integers(ctx: Lowering, node: Node) -> str:
        bound = bind(node)
        values = [bound["self"], bound["other"]]
        if bound.get("alpha", 1) != 1:
            raise ctx.unsupported(node, "alpha must be 1", "multiply the operand before the addition")
        dtype = torch.bool if boolean else _common(ctx, values)
        inputs = tuple(plain(ctx, value, node, dtype) for value in (values[::-1] if reverse else values))
        out = dtype_of(node)
        assert out is not None
        result = torch.bool if operation in COMPARISONS else dtype
        name = ctx.emit(Integer, node, inputs, shape_of(node), None, dtype=INTEGERS[result], operation=operation)
        return cast(ctx, node, name, INTEGERS[out])

    return integers


def divided(ctx: Lowering, node: Node) -> str:
    """Division of integers; PyTorch has several roundings."""
    mode = bind(node).get("rounding_mode", "floor")
    return combined("trunc_divide" if mode == "trunc" else "floor_divide")(ctx, node)


def inverted(ctx: Lowering, node: Node) -> str:
    """bitwise_not: exclusive or with ones."""
    source = bind(node)["self"]
    dtype = dtype_of(node)
    assert dtype is not None
    ones = torch.tensor(True) if dtype == torch.bool else torch.tensor(-1, dtype=dtype)
    inputs = (plain(ctx, source, node, dtype), plain(ctx, ones, node, dtype))
    return ctx.emit(Integer, node, inputs, shape_of(node), None, dtype=INTEGERS[dtype], operation="xor")


def negative(ctx: Lowering, node: Node) -> str:
    """neg: 0 - x."""
    dtype = dtype_of(node)
    assert dtype is not None
    inputs = (plain(ctx, 0, node, dtype), plain(ctx, bind(node)["self"], node, dtype))
    return ctx.emit(Integer, node, inputs, shape_of(node), None, dtype=INTEGERS[dtype], operation="sub")


def negated(ctx: Lowering, node: Node) -> str:
    """logical_not: whether it is 0."""
    source = bind(node)["self"]
    inputs = (plain(ctx, source, node, torch.bool), plain(ctx, torch.tensor(False), node, torch.bool))
    return ctx.emit(Integer, node, inputs, shape_of(node), None, dtype="bool", operation="eq")


def converted(ctx: Lowering, node: Node) -> str:
    """A conversion between plain types."""
    source, dtype = bind(node)["self"], dtype_of(node)
    assert dtype is not None
    return cast(ctx, node, ctx.integer(source, node), INTEGERS[dtype])


def limited(ctx: Lowering, node: Node) -> str:
    """clamp and relu of plain integers."""
    row, dtype = ctx.row(node), dtype_of(node)
    assert row.bounds is not None and dtype is not None
    result = plain(ctx, bind(node)["self"], node, dtype)
    for bound, operation in zip(row.bounds(node), ("maximum", "minimum"), strict=True):
        if bound is not None:
            other = plain(ctx, bound, node, dtype)
            kind = {"maximum": Maximum, "minimum": Minimum}[operation]
            result = ctx.emit(kind, node, (result, other), shape_of(node), None, f"_{operation}", INTEGERS[dtype])
    return result


def _only_integers(ctx: Lowering, node: Node, out: Quantization) -> str:
    raise ctx.unsupported(node, "of two real activations it has no integer form", "use plain integers, or a number")


def integer_row(integers: Integers, operands: tuple[str, ...] = _TWO) -> Row[Lowering]:
    """The row of an operator whose results are plain integers."""
    return Row(_only_integers, Role.COMPUTE, operands, integers=integers)


def _rows() -> dict[str, Row[Lowering]]:
    rows: dict[str, Row[Lowering]] = {}
    for operation in ("and", "or", "xor"):
        rows[f"aten.logical_{operation}.default"] = integer_row(combined(operation, boolean=True))
        for overload in ("Tensor", "Scalar"):
            rows[f"aten.bitwise_{operation}.{overload}"] = integer_row(combined(operation))
            rows[f"aten.__{operation}__.{overload}"] = integer_row(combined(operation))
    for overload in ("Tensor", "Scalar"):
        rows[f"aten.remainder.{overload}"] = integer_row(combined("remainder"))
        rows[f"aten.fmod.{overload}"] = integer_row(combined("fmod"))
    for side in ("left", "right"):
        shifted = integer_row(combined(f"{side}_shift"))
        for overload in ("Tensor", "Tensor_Scalar"):
            rows[f"aten.bitwise_{side}_shift.{overload}"] = shifted
        for overload in ("Tensor", "Scalar"):
            rows[f"aten.__{side[0]}shift__.{overload}"] = shifted
    for name in ("floor_divide.default", "floor_divide.Scalar", "div.Tensor_mode", "div.Scalar_mode"):
        rows[f"aten.{name}"] = integer_row(divided)
    return rows


ROWS: dict[str, Row[Lowering]] = {
    **_rows(),
    "aten.neg.default": integer_row(negative, ("self",)),
    "aten.rsub.Scalar": integer_row(combined("sub", reverse=True), ("self",)),
    "aten.logical_not.default": integer_row(negated, ("self",)),
    "aten.bitwise_not.default": integer_row(inverted, ("self",)),
}
