"""Plain integers, booleans, and comparisons; tensors that hold one value; shapes, which are constants."""

from __future__ import annotations

import numpy as np

from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Cast, Compare, Integer, Table, Where
from mcugen.graph.tensor import DTYPES


def _compared(operation: str) -> Row:
    def row(step: Step) -> None:
        first, second, out = step.x(0), step.x(1), step.out()
        if first.quantization is None:
            step.append(Integer, [first, second], out, operation=operation)
        else:
            # LiteRT compares integers of int16 as they are: real numbers where both have one scale.
            rounding = "tflm" if first.dtype == "int8" else "none"
            step.append(Compare, [first, second], out, operation=operation, rounding=rounding)

    return row


def _combined(operation: str) -> Row:
    def row(step: Step) -> None:
        step.append(Integer, [step.x(0), step.x(1)], step.out(), operation=operation)

    return row


def _not(step: Step) -> None:
    x = step.x()
    false = step.new_constant(np.zeros((1,) * len(x.shape), np.bool_), "bool")
    step.append(Integer, [x, false], step.out(), operation="eq")


def _select(step: Step) -> None:
    condition, first, second = step.x(0), step.x(1), step.x(2)
    if len(condition.shape) == 1 and len(first.shape) > 1 and step.op.builtin == "SELECT":
        # The older operator takes a condition for each row.
        condition = step.reshape(condition, (*condition.shape, *(1,) * (len(first.shape) - 1)))
    step.append(Where, [condition, first, second], step.out_like(first))


def _cast(step: Step) -> None:
    """Of the integers as they are: a scale has no part in it."""
    x, out = step.x(), step.out()
    if x.quantization is not None and x.dtype == "int8" and out.quantization is None and out.dtype != "bool":
        step.append(Table, [x], out, values=tuple(range(-128, 128)))
    else:
        step.append(Cast, [x], out)


def _constant(step: Step, values: object) -> None:
    """The result is a constant."""
    tensor = step.result()
    network = step.network
    dtype = network.dtype(tensor)
    array = np.broadcast_to(np.asarray(values, DTYPES[dtype]), tensor.shape)
    network.values[tensor.index] = network.add(tensor.name, tensor.shape, dtype, network.quantization(tensor), array)


def _shape(step: Step) -> None:
    _constant(step, step.given(0).shape)


def _rank(step: Step) -> None:
    _constant(step, len(step.given(0).shape))


def _fill(step: Step) -> None:
    _constant(step, step.constant(1).reshape(()))


def _zeros(step: Step) -> None:
    """Real zeros."""
    q = step.result().quantization
    _constant(step, int(q.zero_points[0]) if q is not None else 0)


ROWS: dict[str, Row] = {
    "BITWISE_XOR": _combined("xor"),
    "CAST": _cast,
    "EQUAL": _compared("eq"),
    "FILL": _fill,
    "FLOOR_DIV": _combined("floor_divide"),
    "FLOOR_MOD": _combined("remainder"),
    "GREATER": _compared("gt"),
    "GREATER_EQUAL": _compared("ge"),
    "LESS": _compared("lt"),
    "LESS_EQUAL": _compared("le"),
    "LOGICAL_AND": _combined("and"),
    "LOGICAL_NOT": _not,
    "LOGICAL_OR": _combined("or"),
    "NOT_EQUAL": _compared("ne"),
    "RANK": _rank,
    "RIGHT_SHIFT": _combined("right_shift"),
    "SELECT": _select,
    "SELECT_V2": _select,
    "SHAPE": _shape,
    "ZEROS_LIKE": _zeros,
}
