"""Softmax and what normalizes rows."""

from __future__ import annotations

from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Softmax


def _softmax(step: Step) -> None:
    step.append(Softmax, [step.x()], step.out(), beta=step.option("SoftmaxOptions", "beta"))


ROWS: dict[str, Row] = {
    "SOFTMAX": _softmax,
}
