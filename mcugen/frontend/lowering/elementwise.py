"""Sums, products and quotients of two real tensors, either of which may be a constant or a number."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of, shape_of
from mcugen.frontend.lowering.channels import Float64Array
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.integers import combined, ranked
from mcugen.frontend.lowering.qdq import is_dequantize
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.provenance import origin
from mcugen.graph.arithmetic import SATURATES_INT8
from mcugen.graph.ops import Add, Div, FromInteger, Mul, Operator, Sub
from mcugen.graph.tensor import Quantization

log = logging.getLogger(__name__)


def operand(ctx: Lowering, value: Any, node: Node) -> str:
    """An operand with as many axes as the result, so that layouts can move through the operator."""
    tensor = ctx.operand(value, node)
    return ranked(ctx, node, tensor)


def _largest(x: Quantization) -> int:
    """The largest |integer - zero point|."""
    return max(127 - x.zero_point, 128 + x.zero_point)


def _limited(kind: type[Operator], real: Float64Array, x: Quantization, out: Quantization) -> Float64Array:
    """The constant operand, values that only saturate moved to where they still do: no input sees the difference."""
    if kind is Mul:
        limit = SATURATES_INT8 * out.scale / x.scale
        return np.asarray(np.clip(real, -limit, limit))
    lowest, highest = (x.scale * (end - x.zero_point) for end in (-128, 127))
    least, most = (out.scale * (end - out.zero_point) for end in (-129, 129))
    if kind is Sub:
        lowest, highest = -highest, -lowest
    return np.asarray(np.clip(real, least - highest, most - lowest))


def _constant_operand(
    ctx: Lowering, kind: type[Operator], node: Node, constant: torch.Tensor, x: Quantization, out: Quantization
) -> str:
    """A float constant as int8, with steps as small as its values allow."""
    real = _limited(kind, constant.double().numpy(), x, out)
    name = operand(ctx, torch.from_numpy(real), node)
    tensor = ctx.tensors[name]
    assert tensor.data is not None
    integers = tensor.data.astype(np.float64).reshape(real.shape) - tensor.zero_point
    error = float(np.abs(integers * tensor.scale - real).max(initial=0.0)) / out.scale
    error *= x.scale * _largest(x) if kind is Mul else 1.0
    if error > 1:
        log.warning("%s: int8 is too coarse for its constant operand, by %.3g output steps", origin(node), error)
    return name


def _binary(ctx: Lowering, kind: type[Operator], node: Node, first: Any, second: Any, out: Quantization) -> str:
    # A constant goes second: kernels expect activations first.
    if ctx.constant_value(first) is not None:
        first, second = second, first
    inputs = [operand(ctx, first, node)]
    x, constant = ctx.tensors[inputs[0]].quantization, ctx.constant_value(second)
    assert x is not None
    if constant is None or (isinstance(second, Node) and is_dequantize(second)):
        inputs.append(operand(ctx, second, node))
    else:
        inputs.append(_constant_operand(ctx, kind, node, constant, x, out))
    return ctx.emit(kind, node, tuple(inputs), shape_of(node), out)


def add(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if bound.get("alpha", 1) != 1:
        raise ctx.unsupported(node, "alpha must be 1", "multiply the operand before the addition")
    return _binary(ctx, Add, node, bound["self"], bound["other"], out)


def sub(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if bound.get("alpha", 1) != 1:
        raise ctx.unsupported(node, "alpha must be 1", "multiply the operand before the subtraction")
    first, second = (ctx.constant_value(bound[name]) for name in _TWO)
    if second is not None:
        return _binary(ctx, Add, node, bound["self"], -second.double(), out)
    subtracted = operand(ctx, bound["other"], node)
    if first is None:
        return ctx.emit(Sub, node, (operand(ctx, bound["self"], node), subtracted), shape_of(node), out)
    x = ctx.tensors[subtracted].quantization
    assert x is not None
    return ctx.emit(Sub, node, (_constant_operand(ctx, Sub, node, first, x, out), subtracted), shape_of(node), out)


def mul(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    source = bound["self"]
    if isinstance(source, Node) and dtype_of(source) in INTEGERS and bound["other"] == 1.0:
        # How `canonical` spells the conversion of integers.
        return ctx.emit(FromInteger, node, (ctx.integer(source, node),), shape_of(node), out)
    return _binary(ctx, Mul, node, bound["self"], bound["other"], out)


def div(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    constant = ctx.constant_value(bound["other"])
    if constant is not None:
        return _binary(ctx, Mul, node, bound["self"], 1.0 / constant.double(), out)
    inputs = tuple(operand(ctx, bound[name], node) for name in _TWO)
    return ctx.emit(Div, node, inputs, shape_of(node), out)


_TWO = ("self", "other")


def _arithmetic(build: Callable[[Lowering, Node, Quantization], str], operation: str | None) -> Row[Lowering]:
    return Row(build, Role.COMPUTE, _TWO, integers=combined(operation) if operation else None)


ROWS: dict[str, Row[Lowering]] = {
    f"aten.{name}.{overload}": _arithmetic(build, operation)
    for name, build, operation in (("add", add, "add"), ("sub", sub, "sub"), ("mul", mul, "mul"), ("div", div, None))
    for overload in ("Tensor", "Scalar")
}
