"""Functions of one tensor: a table of the 256 integers that they give; of int16 slopes, or lines between 513 values."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from mcugen.frontend.litert import curves
from mcugen.frontend.litert.activation import limits
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Clamp, InverseRoot, Logistic, Operator, Slopes, Table, Tanh
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
    """A table of float32 results."""
    return _curve(functools.partial(curves.in_float32, function))


def _either(function: curves.Function) -> Row:
    """As `_real`; of int16 LiteRT's table, with lines between its entries."""
    narrow = _real(function)

    def row(step: Step) -> None:
        if step.x().dtype == "int16":
            _interpolated(step, function)
        else:
            narrow(step)

    return row


def _interpolated(step: Step, function: curves.Function) -> None:
    x, out = step.x(), step.out()
    _require_symmetric(step, x, out)
    tabulated(step, x, out, curves.of_int16(function, x, out))


def _require_symmetric(step: Step, *tensors: Tensor) -> None:
    for t in tensors:
        q = t.quantization
        if t.dtype != "int16" or q is None or q.axis is not None or t.zero_point:
            step.fail(f"takes int16 with one scale and the zero point 0; {t.name!r} is {t.dtype} with {q}")


def _slopes(step: Step, negative: float, other: float, activation: str = "NONE", magnitude: bool = False) -> None:
    """Of int16: slopes of real numbers, for negative and for other inputs."""
    x, out = step.x(), step.out()
    _require_symmetric(step, x, out)
    below, above = curves.slope_of(negative, x, out), curves.slope_of(other, x, out)
    step.append(Slopes, [x], out, negative=below, other=above, magnitude=magnitude, clamp=limits(activation, out))


def _by_sign(narrow: Row, slope: float, magnitude: bool) -> Row:
    """A row for int8, and of int16 a slope."""

    def row(step: Step) -> None:
        if step.x().dtype == "int16":
            _slopes(step, slope, slope, magnitude=magnitude)
        else:
            narrow(step)

    return row


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
    alpha = step.option("LeakyReluOptions", "alpha")
    if step.x().dtype == "int16":
        _slopes(step, alpha, 1.0)
        return
    x, out = step.x(), step.out()
    _require_int8(step, x, out)
    tabulated(step, x, out, curves.rescaled(x, out, (alpha, 1.0)))


def _limited(activation: str) -> Row:
    """Rescaled, then cut off; cut off alone where the scales agree."""

    def row(step: Step) -> None:
        if step.x().dtype == "int16" and step.network.scale(step.given(0)) != step.network.scale(step.result()):
            _slopes(step, 1.0, 1.0, activation)
            return
        x, out = step.x(), step.out()
        (_require_symmetric if x.dtype == "int16" else _require_int8)(step, x, out)
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
    (_require_symmetric if x.dtype == "int16" else _require_int8)(step, x, out)
    step.append(Clamp, [x], out, clamp=limits("RELU6", x))


def _inverse_root(step: Step) -> None:
    if step.x().dtype == "int16":
        step.append(InverseRoot, [step.x()], step.out())
    else:
        _curve(curves.inverse_root)(step)


def _power(step: Step) -> None:
    """A constant exponent, one for all elements."""
    x, exponent, out = step.x(0), step.constant(1), step.out()
    _require_int8(step, x, out, step.x(1))
    if exponent.size != 1:
        step.fail("has more than one exponent", "give all elements one exponent")
    power = np.float32((int(exponent.reshape(())) - step.x(1).zero_point) * step.x(1).scale)
    tabulated(step, x, out, curves.in_float32(lambda real: np.power(real, power), x, out))


def _gelu(step: Step) -> None:
    _either(_gelu_by_tanh if step.option("GeluOptions", "approximate") else _gelu_by_erf)(step)


def _exponential(x: curves.Float32) -> curves.Float32:
    """Of float32, rounded once, as C libraries have it."""
    return np.exp(x.astype(np.float64)).astype(np.float32)


def _logarithm(x: curves.Float32) -> curves.Float32:
    return np.log(x.astype(np.float64)).astype(np.float32)


def _gelu_by_tanh(x: curves.Float32) -> curves.Float32:
    factor = np.float32(0.7978845608028654)
    inner = factor * (x + np.float32(0.044715) * x * x * x)
    tanh = np.tanh(inner.astype(np.float64)).astype(np.float32)
    return np.asarray(np.float32(0.5) * x * (np.float32(1.0) + tanh), np.float32)


def _gelu_by_erf(x: curves.Float32) -> curves.Float32:
    rest = np.array([math.erfc(v) for v in (x * np.float32(-math.sqrt(0.5))).astype(np.float64)], np.float32)
    return np.asarray(np.float32(0.5) * x * rest, np.float32)


ROWS: dict[str, Row] = {
    "ABS": _by_sign(_curve(curves.absolute), 1.0, magnitude=True),
    "CEIL": _real(np.ceil),
    "COS": _real(np.cos),
    "ELU": _real(lambda x: np.where(x < 0, np.exp(x) - np.float32(1.0), x)),
    "EXP": _either(_exponential),
    "FLOOR": _real(np.floor),
    "GELU": _gelu,
    "HARD_SWISH": _curve(curves.hard_swish),
    "LEAKY_RELU": _leaky_relu,
    "LOG": _either(_logarithm),
    "LOGISTIC": _gate(curves.sigmoid, (1 / 256, -128), Logistic),
    "NEG": _by_sign(_real(np.negative), -1.0, magnitude=False),
    "POW": _power,
    "RELU": _limited("RELU"),
    "RELU6": _relu6,
    "RELU_0_TO_1": _limited("RELU_0_TO_1"),
    "RELU_N1_TO_1": _limited("RELU_N1_TO_1"),
    "ROUND": _real(np.rint),
    "RSQRT": _inverse_root,
    "SIN": _real(np.sin),
    "SQRT": _either(np.sqrt),
    "SQUARE": _real(np.square),
    "TANH": _gate(curves.hyperbolic_tangent, (1 / 128, 0), Tanh),
}
