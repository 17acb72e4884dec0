"""Sums and products of two tensors, either of which may be a constant or a number."""

from __future__ import annotations

from typing import Any

from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import Add, Mul, Operator
from mcugen.graph.tensor import Quantization


def _operand(ctx: Lowering, value: Any, node: Node) -> str:
    """An operand with as many axes as the result, so that layouts can move through the operator."""
    tensor = ctx.operand(value, node)
    shape, rank = ctx.tensors[tensor].shape, len(shape_of(node))
    return ctx.reshape(node, tensor, (1,) * (rank - len(shape)) + shape, f"_rank{rank}")


def _binary(ctx: Lowering, kind: type[Operator], node: Node, first: Any, second: Any, out: Quantization) -> str:
    inputs = (_operand(ctx, first, node), _operand(ctx, second, node))
    # A constant goes second: kernels expect activations first.
    if ctx.tensors[inputs[0]].is_constant:
        inputs = (inputs[1], inputs[0])
    return ctx.emit(kind, node, inputs, shape_of(node), out)


def add(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if bound.get("alpha", 1) != 1:
        raise ctx.unsupported(node, "alpha must be 1", "multiply the operand before the addition")
    return _binary(ctx, Add, node, bound["self"], bound["other"], out)


def sub(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    constant = ctx.constant_value(bound["other"])
    if constant is None or bound.get("alpha", 1) != 1:
        raise ctx.unsupported(node, "only the subtraction of a constant has an integer form", "add the negated tensor")
    return _binary(ctx, Add, node, bound["self"], -constant.double(), out)


def mul(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    return _binary(ctx, Mul, node, bound["self"], bound["other"], out)


def div(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    constant = ctx.constant_value(bound["other"])
    if constant is None or bound.get("rounding_mode") is not None:
        raise ctx.unsupported(node, "only the division by a constant has an integer form", "multiply by the inverse")
    return _binary(ctx, Mul, node, bound["self"], 1.0 / constant.double(), out)


_TWO = ("self", "other")
_ADD = Row(add, Role.COMPUTE, _TWO)
_SUB = Row(sub, Role.COMPUTE, _TWO)
_MUL = Row(mul, Role.COMPUTE, _TWO)
_DIV = Row(div, Role.COMPUTE, _TWO)

ROWS: dict[str, Row[Lowering]] = {
    "aten.add.Tensor": _ADD,
    "aten.add.Scalar": _ADD,
    "aten.sub.Tensor": _SUB,
    "aten.sub.Scalar": _SUB,
    "aten.mul.Tensor": _MUL,
    "aten.mul.Scalar": _MUL,
    "aten.div.Tensor": _DIV,
    "aten.div.Scalar": _DIV,
}
