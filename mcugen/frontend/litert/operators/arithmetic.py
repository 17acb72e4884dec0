"""Element by element: sums, products, limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcugen.frontend.litert.activation import fused
from mcugen.frontend.litert.operators.movement import axis_of
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import (
    Add,
    Clamp,
    Concatenation,
    Integer,
    IntegerCumulativeSum,
    IntegerSum,
    Maximum,
    Minimum,
    Mul,
    Operator,
    Pad,
    Prelu,
    SquaredDifference,
    Sub,
    Take,
    TflmCumulativeSum,
    TflmDiv,
)
from mcugen.graph.tensor import Quantization, Tensor
from mcugen.litert.format.enums import ACTIVATIONS


def _pair(kind: type[Operator], table: str, plain: str) -> Row:
    """Of two tensors of real numbers, or of plain integers, which have no activation and no scale."""

    def row(step: Step) -> None:
        first, second, out = step.x(0), step.x(1), step.out()
        if first.quantization is None and second.quantization is None:
            number = step.option(table, "fused_activation_function")
            if number:
                step.fail(f"has the fused activation {ACTIVATIONS[number]} over plain integers")
            step.append(Integer, [first, second], out, operation=plain)
        else:
            step.append(kind, [first, second], out, clamp=fused(step, table, out))

    return row


def _extremum(kind: type[Operator]) -> Row:
    def row(step: Step) -> None:
        step.append(kind, [step.x(0), step.x(1)], step.out_like(step.x(0)))

    return row


def _prelu(step: Step) -> None:
    x, slopes, out = step.x(0), step.x(1), step.out()
    if (x.dtype, slopes.dtype) == ("int16", "int8") and slopes.data is not None and slopes.quantization is not None:
        # The same integers; the IR has one type for both.
        wide = slopes.data.astype(np.int16) - slopes.zero_point
        slopes = step.new_constant(wide, "int16", Quantization.per_tensor(slopes.scale, 0, bits=16))
    step.append(Prelu, [x, slopes], out)


def _squared_difference(step: Step) -> None:
    step.append(SquaredDifference, [step.x(0), step.x(1)], step.out())


def _div(step: Step) -> None:
    out = step.out()
    if out.quantization is None:
        step.append(Integer, [step.x(0), step.x(1)], out, operation="trunc_divide")
        return
    clamp = fused(step, "DivOptions", out)
    made = out if clamp == out.integer_range else step.temporary(out.shape, out)
    step.append(TflmDiv, [step.x(0), step.x(1)], made)
    if made is not out:
        step.append(Clamp, [made], out, clamp=clamp)


def _add_n(step: Step) -> None:
    """The last of the sums along an axis of their own."""
    parts, out = step.operands(), step.out()
    one = (1, *parts[0].shape)
    shape = (len(parts), *parts[0].shape)
    stacked = step.append(Concatenation, [step.reshape(x, one) for x in parts], step.temporary(shape, parts[0]), axis=0)
    if out.quantization is None:
        step.append(IntegerSum, [stacked], out, axes=(0,))
        return
    sums = step.append(TflmCumulativeSum, [stacked], step.temporary(shape, out), axis=0)
    places = ((len(parts) - 1,), *(tuple(range(size)) for size in parts[0].shape))
    step.reshape_into(step.append(Take, [sums], step.temporary(one, out), indices=places), out)


def _cumulative_sum(step: Step) -> None:
    x, out, (given,) = step.x(0), step.out(), step.integers(1)
    axis = axis_of(step, given, len(x.shape))
    reverse, exclusive = (bool(step.option("CumsumOptions", name)) for name in ("reverse", "exclusive"))

    def taken(x: Tensor, places: Sequence[int]) -> Tensor:
        indices = tuple(tuple(places) if k == axis else tuple(range(n)) for k, n in enumerate(x.shape))
        return step.append(Take, [x], step.temporary(tuple(map(len, indices)), x), indices=indices)

    size = x.shape[axis]
    order = range(size)[::-1] if reverse else range(size)
    if reverse or exclusive:
        x = taken(x, order)
    kind = IntegerCumulativeSum if out.quantization is None else TflmCumulativeSum
    sums = step.append(kind, [x], step.temporary(x.shape, out), axis=axis)
    if exclusive:
        # What sums start with, then all but the last.
        before = taken(sums, range(size - 1))
        padding = tuple((int(k == axis), 0) for k in range(len(x.shape)))
        start = None
        if out.quantization is not None:
            first = TflmCumulativeSum(name="", inputs=(), outputs=(), axis=axis)
            start = int(first.requantized(np.array(-x.zero_point), [x], [out]))
        sums = step.append(Pad, [before], step.temporary(x.shape, out), padding=padding, value=start)
    if reverse:
        sums = taken(sums, order)
    step.reshape_into(sums, out)


ROWS: dict[str, Row] = {
    "ADD": _pair(Add, "AddOptions", "add"),
    "ADD_N": _add_n,
    "CUMSUM": _cumulative_sum,
    "DIV": _div,
    "MAXIMUM": _extremum(Maximum),
    "MINIMUM": _extremum(Minimum),
    "MUL": _pair(Mul, "MulOptions", "mul"),
    "PRELU": _prelu,
    "SQUARED_DIFFERENCE": _squared_difference,
    "SUB": _pair(Sub, "SubOptions", "sub"),
}
