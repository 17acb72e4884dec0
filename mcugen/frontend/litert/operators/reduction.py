"""One result for all elements along some axes."""

from __future__ import annotations

from mcugen.frontend.litert.operators.movement import axis_of
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import (
    ArgMax,
    ArgMin,
    Cast,
    IntegerProduct,
    IntegerSum,
    LitertProduct,
    Mean,
    Operator,
    ReduceMax,
    ReduceMin,
    ReduceSum,
)


def _reduction(kind: type[Operator]) -> Row:
    def row(step: Step) -> None:
        x, out = step.x(), step.out()
        axes = sorted({axis_of(step, axis, len(x.shape)) for axis in step.integers(1)})
        if not axes:
            step.reshape_into(x, out)
            return
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
        dropped = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
        made = out if out.shape in (kept, dropped) else step.temporary(kept, out)
        step.append(kind, [x], made, axes=tuple(axes))
        if made is not out:
            step.reshape_into(made, out)

    return row


def _total(real: type[Operator], plain: type[Operator]) -> Row:
    """Of real numbers, or of plain integers."""
    rows = _reduction(real), _reduction(plain)

    def row(step: Step) -> None:
        rows[step.x().quantization is None](step)

    return row


def _place(kind: type[Operator]) -> Row:
    """Of the first largest or smallest; the IR counts in 64 bits."""

    def row(step: Step) -> None:
        x, out = step.x(), step.out()
        (given,) = step.integers(1)
        axis = axis_of(step, given, len(x.shape))
        shape = tuple(size for k, size in enumerate(x.shape) if k != axis)
        wide = out if out.dtype == "int64" else step.network.add(f"{step.stem}/place", shape, "int64", None)
        step.append(kind, [x], wide, axes=(axis,))
        if wide is not out:
            step.append(Cast, [wide], out)

    return row


ROWS: dict[str, Row] = {
    "ARG_MAX": _place(ArgMax),
    "ARG_MIN": _place(ArgMin),
    "MEAN": _reduction(Mean),
    "REDUCE_ALL": _reduction(ReduceMin),
    "REDUCE_ANY": _reduction(ReduceMax),
    "REDUCE_MAX": _reduction(ReduceMax),
    "REDUCE_MIN": _reduction(ReduceMin),
    "REDUCE_PROD": _total(LitertProduct, IntegerProduct),
    "SUM": _total(ReduceSum, IntegerSum),
}
