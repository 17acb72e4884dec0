"""Sums, products and quotients of two real tensors, either of which may be a constant or a number."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of, shape_of
from mcugen.frontend.lowering.channels import Float64Array
from mcugen.frontend.lowering.constants import covering
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.qdq import is_dequantize
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.integers import combined, ranked
from mcugen.frontend.provenance import origin
from mcugen.graph.ops import Add, Div, FromInteger, Mul, Operator, Sub, WideSum
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import Quantization

log = logging.getLogger(__name__)


def operand(ctx: Lowering, value: Any, node: Node) -> str:
    """An operand with as many axes as the result, so that layouts can move through the operator."""
    tensor = ctx.operand(value, node)
    return ranked(ctx, node, tensor)


def _largest(x: Quantization) -> int:
    """The largest |integer - zero point|."""
    lowest, highest = x.integer_range
    return max(highest - x.zero_point, x.zero_point - lowest)


def _limited(kind: type[Operator], real: Float64Array, x: Quantization, out: Quantization) -> Float64Array:
    """The constant operand, values that only saturate moved to where they still do: no input sees the difference."""
    if kind is Mul:
        # Any integer but 0, scaled by this or more, leaves the output's range.
        limit = float(1 << out.bits) * out.scale / x.scale
        return np.asarray(np.clip(real, -limit, limit))
    lowest, highest = (x.scale * (end - x.zero_point) for end in x.integer_range)
    least, most = (out.scale * (end - out.zero_point) for end in out.integer_range)
    least, most = least - out.scale, most + 2 * out.scale
    if kind is Sub:
        lowest, highest = -highest, -lowest
    return np.asarray(np.clip(real, least - highest, most - lowest))


def _constant_operand(
    ctx: Lowering, kind: type[Operator], node: Node, constant: torch.Tensor, x: Quantization, out: Quantization
) -> str:
    """A float constant as integers, with steps as small as its values allow."""
    real = _limited(kind, constant.double().numpy(), x, out)
    name = _sum_constant(ctx, node, real) if _is_wide(x, out) else operand(ctx, torch.from_numpy(real), node)
    tensor = ctx.tensors[name]
    assert tensor.data is not None
    integers = tensor.data.astype(np.float64).reshape(real.shape) - tensor.zero_point
    error = float(np.abs(integers * tensor.scale - real).max(initial=0.0)) / out.scale
    error *= x.scale * _largest(x) if kind is Mul else 1.0
    if error > 1:
        log.warning(
            "%s: %s is too coarse for its constant operand, by %.3g output steps", origin(node), tensor.dtype, error
        )
    return name


def _is_wide(*quantizations: Quantization | None) -> bool:
    return any(q is not None and q.bits == 16 for q in quantizations)


def _sum_constant(ctx: Lowering, node: Node, real: Float64Array) -> str:
    """As `operand`, of 16 bits."""
    quantization = covering(real, bits=16)
    integers = quantize(real.astype(np.float32), quantization, quantization.dtype)
    return ranked(ctx, node, ctx.constant(f"{node.name}_constant", integers, quantization))


def _emit(ctx: Lowering, kind: type[Operator], node: Node, inputs: tuple[str, ...], out: Quantization) -> str:
    """The operator; sums of int8 and int16 tensors have one of their own."""
    signs: dict[type[Operator], int] = {Add: 1, Sub: -1}
    wide = [_is_wide(q) for q in (out, *(ctx.tensors[name].quantization for name in inputs))]
    if kind in signs and any(wide) and not (all(wide) and len(wide) == 3):
        limits = out.integer_range
        return ctx.emit(WideSum, node, inputs, shape_of(node), out, sign=signs[kind], clamp=limits)
    return ctx.emit(kind, node, inputs, shape_of(node), out)


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
    return _emit(ctx, kind, node, tuple(inputs), out)


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
        return _emit(ctx, Sub, node, (operand(ctx, bound["self"], node), subtracted), out)
    x = ctx.tensors[subtracted].quantization
    assert x is not None
    return _emit(ctx, Sub, node, (_constant_operand(ctx, Sub, node, first, x, out), subtracted), out)


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
    row: Row[Lowering] = Row(build, Role.COMPUTE, _TWO, integers=combined(operation) if operation else None)
    return replace(row, wide=lambda _: True, makes_wide=True) if build in (add, sub) else row


ROWS: dict[str, Row[Lowering]] = {
    f"aten.{name}.{overload}": _arithmetic(build, operation)
    for name, build, operation in (("add", add, "add"), ("sub", sub, "sub"), ("mul", mul, "mul"), ("div", div, None))
    for overload in ("Tensor", "Scalar")
}
