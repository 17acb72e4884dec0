"""What only moves values."""

from __future__ import annotations

from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Concatenation, Pad, Transpose


def axis_of(step: Step, axis: int, rank: int) -> int:
    """An axis counted from the front."""
    if not -rank <= axis < rank:
        step.fail(f"has axis {axis}, must be one of {rank}")
    return axis % rank


def _reshape(step: Step) -> None:
    step.finish(step.x())


def _concatenation(step: Step) -> None:
    parts = step.operands()
    if step.option("ConcatenationOptions", "fused_activation_function"):
        step.fail("has a fused activation", "give the activation an operator of its own")
    out = step.out_like(parts[0])
    axis = axis_of(step, step.option("ConcatenationOptions", "axis"), len(out.shape))
    step.append(Concatenation, parts, out, axis=axis)


def _pad(step: Step) -> None:
    x, amounts = step.x(), step.integers(1)
    if len(amounts) != 2 * len(x.shape):
        step.fail(f"has {len(amounts)} amounts for {len(x.shape)} axes")
    pairs = tuple(zip(amounts[::2], amounts[1::2], strict=True))
    value = None
    if step.count() > 2:
        (value,) = step.integers(2)
    step.append(Pad, [x], step.out_like(x), padding=pairs, value=value)


def _transpose(step: Step) -> None:
    x = step.x()
    order = tuple(axis_of(step, axis, len(x.shape)) for axis in step.integers(1))
    step.append(Transpose, [x], step.out_like(x), permutation=order)


ROWS: dict[str, Row] = {
    "CONCATENATION": _concatenation,
    "EXPAND_DIMS": _reshape,
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "TRANSPOSE": _transpose,
}
