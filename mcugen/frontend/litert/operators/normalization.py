"""Softmax and what normalizes rows."""

from __future__ import annotations

from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import L2Normalization, Operator, Softmax, TflmLogSoftmax, TflmSoftmax


def _softmax(step: Step) -> None:
    x, out = step.x(), step.out()
    kind = TflmSoftmax if (x.dtype, out.dtype) == ("int8", "int16") else Softmax
    step.append(kind, [x], out, beta=step.option("SoftmaxOptions", "beta"))


def _whole(kind: type[Operator]) -> Row:
    def row(step: Step) -> None:
        step.append(kind, [step.x()], step.out())

    return row


ROWS: dict[str, Row] = {
    "L2_NORMALIZATION": _whole(L2Normalization),
    "LOG_SOFTMAX": _whole(TflmLogSoftmax),
    "SOFTMAX": _softmax,
}
