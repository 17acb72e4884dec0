"""Reductions over axes: means, sums, extremes and their places, norms, variances, cumulative sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.frontend.lowering.arguments import INTEGERS, axes, axis, bind, dtype_of, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.integers import cast, integer_row
from mcugen.graph.ops import (
    ArgMax,
    ArgMin,
    CumulativeSum,
    IntegerCumulativeSum,
    IntegerProduct,
    IntegerSum,
    Mean,
    Moment,
    Operator,
    Product,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Table,
)
from mcugen.graph.ops.elementwise.table import ELEMENTS, tabulate
from mcugen.graph.ops.reduction.moment import thresholds
from mcugen.graph.tensor import Quantization

Sums = npt.NDArray[np.float64]
_SUM_LIMIT = 2**31 - 1


def _over(node: Node) -> tuple[int, ...]:
    """The reduced axes; a tensor without axes has one of a single element."""
    bound = bind(node)
    return axes(bound.get("dim"), len(shape_of(bound["self"]))) or (0,)


def _with_axes(ctx: Lowering, node: Node, x: str) -> str:
    """A tensor of at least one axis."""
    return x if ctx.tensors[x].shape else ctx.reshape(node, x, (1,), "_vector")


def _reduce(
    ctx: Lowering,
    node: Node,
    x: str,
    kind: type[Operator],
    out: Quantization | None,
    dtype: str | None = None,
    **more: Any,
) -> str:
    x = _with_axes(ctx, node, x)
    return ctx.emit(kind, node, (x,), shape_of(node), out, "", dtype, axes=_over(node), **more)


def mean(ctx: Lowering, node: Node, out: Quantization) -> str:
    return _total(ctx, node, Mean, out)


def real_sum(ctx: Lowering, node: Node, out: Quantization) -> str:
    return _total(ctx, node, ReduceSum, out)


def _total(ctx: Lowering, node: Node, kind: type[Operator], out: Quantization) -> str:
    x = ctx.operand(bind(node)["self"], node)
    _require_count(ctx, node, 255 if out.bits == 8 else 1 << 15)
    return _reduce(ctx, node, x, kind, out)


def _integer_sum(ctx: Lowering, node: Node) -> str:
    dtype = dtype_of(node)
    assert dtype is not None
    return _reduce(ctx, node, ctx.integer(bind(node)["self"], node), IntegerSum, None, INTEGERS[dtype])


def product(ctx: Lowering, node: Node, out: Quantization) -> str:
    x = ctx.operand(bind(node)["self"], node)
    shape = shape_of(bind(node)["self"]) or (1,)
    count = math.prod(shape[a] for a in _over(node))
    if count > 255:
        raise ctx.unsupported(node, f"the product of {count} elements", "multiply at most 255 elements")
    return _reduce(ctx, node, x, Product, out)


def _integer_product(ctx: Lowering, node: Node) -> str:
    dtype = dtype_of(node)
    assert dtype is not None
    return _reduce(ctx, node, ctx.integer(bind(node)["self"], node), IntegerProduct, None, INTEGERS[dtype])


def _require_count(ctx: Lowering, node: Node, largest: int) -> int:
    """The elements of a result, whose sum must fit 32 bits."""
    shape = shape_of(bind(node)["self"]) or (1,)
    count = math.prod(shape[a] for a in _over(node))
    if count * largest >= _SUM_LIMIT:
        raise ctx.unsupported(node, f"the sum of {count} elements can exceed 32 bits", "reduce in two steps")
    return count


def extreme(kind: type[Operator]) -> Row[Lowering]:
    """amax and amin: values of the input."""

    def build(ctx: Lowering, node: Node, out: Quantization) -> str:
        x = ctx.moved(node, bind(node)["self"], out)
        return ctx.requantize(node, _reduce(ctx, node, x, kind, ctx.tensors[x].quantization), out)

    def integers(ctx: Lowering, node: Node) -> str:
        x = ctx.integer(bind(node)["self"], node)
        return _reduce(ctx, node, x, kind, None, ctx.tensors[x].dtype)

    return Row(build, Role.TRANSPARENT, integers=integers)


def truth(kind: type[Operator]) -> Row[Lowering]:
    """any and all."""

    def integers(ctx: Lowering, node: Node) -> str:
        source = bind(node)["self"]
        if dtype_of(source) not in INTEGERS:
            raise ctx.unsupported(node, "its operand is real", "compare first: (x != 0).any()")
        return _reduce(ctx, node, cast(ctx, node, ctx.integer(source, node), "bool"), kind, None, "bool")

    return integer_row(integers, ("self",))


def place(kind: type[Operator]) -> Row[Lowering]:
    """argmax and argmin; without an axis, of the flattened tensor."""

    def integers(ctx: Lowering, node: Node) -> str:
        bound = bind(node)
        source, dim = bound["self"], bound["dim"]
        x = ctx.integer(source, node) if dtype_of(source) in INTEGERS else ctx.operand(source, node)
        shape = ctx.tensors[x].shape
        if dim is None or not shape:
            x = ctx.reshape(node, x, (math.prod(shape),), "_flat")
            result = ctx.emit(kind, node, (x,), (1,), None, "", "int64", axes=(0,))
            return ctx.reshape(node, result, shape_of(node))
        return ctx.emit(kind, node, (x,), shape_of(node), None, "", "int64", axes=(axis(dim, len(shape)),))

    return integer_row(integers, ("self",))


def _quantization(ctx: Lowering, x: str) -> Quantization:
    quantization = ctx.tensors[x].quantization
    assert quantization is not None
    return quantization


def _spread(*, root: bool) -> Row[Lowering]:
    """Variance, or with `root` the deviation."""

    def build(ctx: Lowering, node: Node, out: Quantization) -> str:
        bound = bind(node)
        x = ctx.operand(bound["self"], node)
        q, count = _quantization(ctx, x), _require_count(ctx, node, 128 * 128)
        if "unbiased" in bound:
            correction = 1 if bound["unbiased"] else 0
        else:
            correction = 1 if bound["correction"] is None else bound["correction"]
        if count <= correction:
            raise ctx.unsupported(node, f"the variance of {count} elements", "use correction=0, or more elements")
        squares = ELEMENTS.astype(np.int64) ** 2
        shift = max((count * count * int(squares.max())).bit_length() - 31, 0)
        factor = q.scale**2 * 2.0**shift / (count * (count - correction))
        found = thresholds(lambda sums: np.sqrt(sums * factor) if root else sums * factor, out)
        values = tuple(int(v) for v in squares)
        return _reduce(ctx, node, x, Moment, out, values=values, thresholds=found, centered=True, shift=shift)

    return Row(build, Role.COMPUTE)


_POWERS = (
    "use -inf, the smallest magnitude; or write the powers, limited away from 0: "
    "(x.abs().clamp(min=a) ** p).sum() ** (1 / p)"
)


def norm(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    order = bound["ord"] if "ord" in bound else bound["p"]
    order = 2 if order is None else order
    x = ctx.operand(bound["self"], node)
    q = _quantization(ctx, x)
    if order in (math.inf, -math.inf):
        # Rounding is monotone: the largest magnitude is that of the rounded ones.
        table = tabulate(np.abs, q, out)
        sizes = ctx.emit(Table, node, (x,), ctx.tensors[x].shape, out, "_magnitudes", values=table)
        return _reduce(ctx, node, sizes, ReduceMax if order > 0 else ReduceMin, out)
    if order < 0:
        raise ctx.unsupported(node, f"the norm of order {order}", _POWERS)
    magnitudes = np.abs(ELEMENTS.astype(np.int64) - q.zero_point)
    if order in (0, 1, 2):
        values = (magnitudes > 0).astype(np.int64) if order == 0 else magnitudes ** int(order)
        _require_count(ctx, node, int(values.max()))
        real: Callable[[Sums], Sums] = {
            0: lambda sums: sums,
            1: lambda sums: sums * q.scale,
            2: lambda sums: np.sqrt(sums) * q.scale,
        }[int(order)]
    else:
        # Powers in units of which the largest sum has 31 bits.
        count = _require_count(ctx, node, 2)
        powers = magnitudes.astype(np.float64) ** order
        unit = powers.max() * count / (_SUM_LIMIT - count)
        values = np.rint(powers / unit).astype(np.int64)

        def real(sums: Sums) -> Sums:
            return np.asarray((sums * unit) ** (1.0 / order) * q.scale)

    found = thresholds(real, out)
    return _reduce(ctx, node, x, Moment, out, values=tuple(int(v) for v in values), thresholds=found)


def _integer_cumulative_sum(ctx: Lowering, node: Node) -> str:
    bound, dtype = bind(node), dtype_of(node)
    assert dtype is not None
    x = _with_axes(ctx, node, ctx.integer(bound["self"], node))
    shape = ctx.tensors[x].shape
    over = axis(bound["dim"], len(shape))
    result = ctx.emit(IntegerCumulativeSum, node, (x,), shape, None, dtype=INTEGERS[dtype], axis=over)
    return ctx.reshape(node, result, shape_of(node))


def cumulative_sum(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    x = _with_axes(ctx, node, ctx.operand(bound["self"], node))
    shape = ctx.tensors[x].shape
    over = axis(bound["dim"], len(shape))
    if shape[over] * 255 >= _SUM_LIMIT:
        raise ctx.unsupported(node, f"the sum of {shape[over]} elements can exceed 32 bits", "use a shorter axis")
    result = ctx.emit(CumulativeSum, node, (x,), shape, out, axis=over)
    return ctx.reshape(node, result, shape_of(node))


_MEAN = Row(mean, Role.COMPUTE, keeps_range=True)
_SUM = Row(real_sum, Role.COMPUTE, integers=_integer_sum)
_PRODUCT = Row(product, Role.COMPUTE, integers=_integer_product)
_ANY, _ALL = truth(ReduceMax), truth(ReduceMin)
_VARIANCE, _DEVIATION = _spread(root=False), _spread(root=True)
_NORM = Row(norm, Role.COMPUTE)

ROWS: dict[str, Row[Lowering]] = {
    "aten.mean.default": _MEAN,
    "aten.mean.dim": _MEAN,
    "aten.sum.default": _SUM,
    "aten.sum.dim_IntList": _SUM,
    "aten.prod.default": _PRODUCT,
    "aten.prod.dim_int": _PRODUCT,
    "aten.amax.default": extreme(ReduceMax),
    "aten.amin.default": extreme(ReduceMin),
    "aten.argmax.default": place(ArgMax),
    "aten.argmin.default": place(ArgMin),
    "aten.any.default": _ANY,
    "aten.any.dim": _ANY,
    "aten.any.dims": _ANY,
    "aten.all.default": _ALL,
    "aten.all.dim": _ALL,
    "aten.all.dims": _ALL,
    "aten.var.default": _VARIANCE,
    "aten.var.dim": _VARIANCE,
    "aten.var.correction": _VARIANCE,
    "aten.std.default": _DEVIATION,
    "aten.std.dim": _DEVIATION,
    "aten.std.correction": _DEVIATION,
    "aten.linalg_vector_norm.default": _NORM,
    "aten.norm.Scalar": _NORM,
    "aten.norm.ScalarOpt_dim": _NORM,
    "aten.cumsum.default": Row(cumulative_sum, Role.COMPUTE, integers=_integer_cumulative_sum),
}
