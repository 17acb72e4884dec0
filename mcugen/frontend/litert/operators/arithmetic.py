"""Element by element: sums, products, limits."""

from __future__ import annotations

from mcugen.frontend.litert.activation import fused
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Add, Integer, Maximum, Minimum, Mul, Operator, Prelu, Sub
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
    step.append(Prelu, [step.x(0), step.x(1)], step.out())


ROWS: dict[str, Row] = {
    "ADD": _pair(Add, "AddOptions", "add"),
    "MAXIMUM": _extremum(Maximum),
    "MINIMUM": _extremum(Minimum),
    "MUL": _pair(Mul, "MulOptions", "mul"),
    "PRELU": _prelu,
    "SUB": _pair(Sub, "SubOptions", "sub"),
}
