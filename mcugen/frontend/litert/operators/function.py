"""Functions of one tensor: a table of the 256 integers that they give."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from mcugen.frontend.litert import curves
from mcugen.frontend.litert.activation import limits
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Clamp, Logistic, Operator, Table, Tanh
from mcugen.graph.tensor import Quantization, Tensor

Curve = Callable[[Tensor, Tensor], curves.Entries]


def tabulated(step: Step, x: Tensor, out: Tensor, entries: curves.Entries) -> None:
    """Appends a table."""
    step.append(Table, [x], out, values=entries)


def _require_int8(step: Step, *tensors: Tensor) -> None:
    for t in tensors:
        if t.dtype != "int8" or t.quantization is None or t.quantization.axis is not None:
            scales = 0 if t.quantization is None else len(t.quantization.scales)
            step.fail(f"takes int8 with one scale; {t.name!r} is {t.dtype} and has {scales}")


def _curve(curve: Curve, fixed: tuple[float, int] | None = None) -> Row:
    """A row for a function whose output has, where `fixed` says so, this scale and zero point."""

    def row(step: Step) -> None:
        x, out = step.x(), step.out()
        _require_int8(step, x, out)
        if fixed is not None and out.quantization != Quantization.per_tensor(*fixed):
            found = f"the output scale {out.scale:g}, zero point {out.zero_point}"
            step.fail(f"has {found}; must be {fixed[0]:g}, {fixed[1]}")
        tabulated(step, x, out, curve(x, out))

    return row


def _real(function: curves.Function) -> Row:
    return _curve(functools.partial(curves.in_float32, function))


def _gate(curve: Curve, fixed: tuple[float, int], wide: type[Operator]) -> Row:
    """A table of int8; of int16 an operator of its own."""
    narrow = _curve(curve, fixed)

    def row(step: Step) -> None:
        if step.x().dtype == "int16":
            step.append(wide, [step.x()], step.out())
        else:
            narrow(step)

    return row


def _leaky_relu(step: Step) -> None:
    x, out = step.x(), step.out()
    _require_int8(step, x, out)
    tabulated(step, x, out, curves.rescaled(x, out, (step.option("LeakyReluOptions", "alpha"), 1.0)))


def _limited(activation: str) -> Row:
    """Rescaled, then cut off; cut off alone where the scales agree."""

    def row(step: Step) -> None:
        x, out = step.x(), step.out()
        _require_int8(step, x, out)
        clamp = limits(activation, out)
        if x.quantization == out.quantization:
            step.append(Clamp, [x], out, clamp=clamp)
            return
        entries = curves.rescaled(x, out)
        tabulated(step, x, out, tuple(min(max(v, clamp[0]), clamp[1]) for v in entries))

    return row


def _relu6(step: Step) -> None:
    """Cut off without rescaling, by the input's scale: TensorFlow Lite Micro takes the output's for the same."""
    x, out = step.x(), step.out_like(step.x())
    _require_int8(step, x, out)
    step.append(Clamp, [x], out, clamp=limits("RELU6", x))


def _power(step: Step) -> None:
    """A constant exponent, one for all elements."""
    x, exponent, out = step.x(0), step.constant(1), step.out()
    _require_int8(step, x, out, step.x(1))
    if exponent.size != 1:
        step.fail("has more than one exponent", "give all elements one exponent")
    power = np.float32((int(exponent.reshape(())) - step.x(1).zero_point) * step.x(1).scale)
    tabulated(step, x, out, curves.in_float32(lambda real: np.power(real, power), x, out))


def _gelu(step: Step) -> None:
    x, out = step.x(), step.out()
    _require_int8(step, x, out)
    gelu = _gelu_by_tanh if step.option("GeluOptions", "approximate") else _gelu_by_erf
    tabulated(step, x, out, curves.in_float32(gelu, x, out))


def _gelu_by_tanh(x: curves.Float32) -> curves.Float32:
    factor = np.float32(0.7978845608028654)
    inner = factor * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(np.float32(0.5) * x * (np.float32(1.0) + np.tanh(inner)), np.float32)


def _gelu_by_erf(x: curves.Float32) -> curves.Float32:
    erf = np.array([math.erf(v / math.sqrt(2.0)) for v in x.astype(np.float64)], np.float32)
    return np.asarray(np.float32(0.5) * x * (np.float32(1.0) + erf), np.float32)


ROWS: dict[str, Row] = {
    "ABS": _curve(curves.absolute),
    "CEIL": _real(np.ceil),
    "COS": _real(np.cos),
    "ELU": _real(lambda x: np.where(x < 0, np.exp(x) - np.float32(1.0), x)),
    "EXP": _real(np.exp),
    "FLOOR": _real(np.floor),
    "GELU": _gelu,
    "HARD_SWISH": _curve(curves.hard_swish),
    "LEAKY_RELU": _leaky_relu,
    "LOG": _real(np.log),
    "LOGISTIC": _gate(curves.sigmoid, (1 / 256, -128), Logistic),
    "NEG": _real(np.negative),
    "POW": _power,
    "RELU": _limited("RELU"),
    "RELU6": _relu6,
    "RELU_N1_TO_1": _limited("RELU_N1_TO_1"),
    "ROUND": _real(np.rint),
    "RSQRT": _curve(curves.inverse_root),
    "SIN": _real(np.sin),
    "SQRT": _real(np.sqrt),
    "SQUARE": _real(np.square),
    "TANH": _gate(curves.hyperbolic_tangent, (1 / 128, 0), Tanh),
}
