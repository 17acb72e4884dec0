"""Operators of two int16 tensors against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Compare, Div, LogSoftmax
from mcugen.graph.ops.elementwise.integer import COMPARISONS, OPERATIONS

EXTREMES = np.array([-32768, -32767, -257, -1, 0, 1, 2, 128, 32766, 32767], np.int16)


def _tensor(name: str, scale: float, count: int, bits: int = 16, zero_point: int = 0) -> Tensor:
    return Tensor(name, (count,), f"int{bits}", Quantization.per_tensor(scale, zero_point, bits))


@pytest.mark.parametrize("bits", [8, 16])
def test_comparisons_are_exact(bits: int) -> None:
    """Scales that are near, far apart and equal; values beside each other, and all pairs of extremes."""
    rng = np.random.default_rng(3)
    for scale in (1.0, 1.0000001, 0.3, 1 / 3, 2.0**-17, 2.0**-23, 3e-12, 7e11):
        x = _tensor("x", float(rng.uniform(0.5, 1)), 1000)
        y = _tensor("y", x.scale * scale, 1000, bits, 5 if bits == 8 else 0)
        low, high = y.integer_range
        first = np.concatenate([np.repeat(EXTREMES, 10), rng.integers(-32768, 32768, 900)]).astype(np.int16)
        beside = np.rint(first[100:] * (x.scale / y.scale)) + rng.integers(-1, 2, 900) + y.zero_point
        second = np.concatenate([np.tile(np.clip(EXTREMES, low, high), 10), np.clip(beside, low, high)]).astype(y.dtype)
        for operation in COMPARISONS:
            op = Compare(name="c", inputs=("x", "y"), outputs=("z",), operation=operation)
            op.validate([x, y], [Tensor("z", (1000,), "bool")])
            (got,) = op.reference([first, second], [x, y], [Tensor("z", (1000,), "bool")])
            of_x, of_y = (
                [Fraction(t.scale) * (int(v) - t.zero_point) for v in values] for t, values in ((x, first), (y, second))
            )
            wanted = [bool(OPERATIONS[operation](a, b)) for a, b in zip(of_x, of_y, strict=True)]
            assert got.tolist() == wanted, (scale, operation)


def test_quotients_are_rounded_once() -> None:
    rng = np.random.default_rng(4)
    for scale in 2.0 ** rng.uniform(-40, 34, 24):
        x, y = _tensor("x", float(rng.uniform(1e-3, 1)), 400), _tensor("y", float(rng.uniform(1e-3, 1)), 400)
        z = _tensor("z", x.scale / y.scale * float(scale), 400)
        op = Div(name="d", inputs=("x", "y"), outputs=("z",))
        op.validate([x, y], [z])
        first = np.concatenate([np.repeat(EXTREMES, 10), rng.integers(-32768, 32768, 300)]).astype(np.int16)
        small = rng.integers(-(2 ** rng.integers(1, 16, 300)), 2 ** rng.integers(0, 15, 300)).astype(np.int16)
        second = np.concatenate([np.tile(EXTREMES, 10), small])
        (got,) = op.reference([first, second], [x, y], [z])
        exact = (first * x.scale) / (np.where(second == 0, 1, second) * y.scale) / z.scale
        exact = np.where(second == 0, np.sign(first) * 2.0**20, exact)
        assert np.abs(got - np.clip(exact, -32768, 32767)).max() < 0.51


@pytest.mark.parametrize("depth", [1, 10, 1000])
def test_log_softmax_is_within_its_bound(depth: int) -> None:
    rng = np.random.default_rng(depth)
    for scale, out_scale in ((2.0**-12, 2.0**-11), (2.0**-15, 2.0**-13), (2.0**-9, 2.0**-9), (2.0**-26, 2.0**-12)):
        x = Tensor("x", (8, depth), "int16", Quantization.per_tensor(scale, 0, 16))
        y = Tensor("y", (8, depth), "int16", Quantization.per_tensor(out_scale, 0, 16))
        op = LogSoftmax(name="l", inputs=("x",), outputs=("y",))
        op.validate([x], [y])
        given = rng.integers(-32768, 32768, x.shape).astype(np.int16)
        (got,) = op.reference([given], [x], [y])
        real = given * x.scale
        real = real - real.max(axis=1, keepdims=True)
        exact = (real - np.log(np.exp(real).sum(axis=1, keepdims=True))) / out_scale
        bound = 0.501 + (depth * 2.0**-20 + 2.0**-16) / out_scale
        assert np.abs(got - np.clip(exact, -32768, 32767)).max() <= bound
