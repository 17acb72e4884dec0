"""Normalization by the statistics of the input: layer, group, instance and RMS normalization, and to length one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import INT32_MAX
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_real, require_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

FRACTION = 16
"""Fractional bits of normalized values, and of offsets."""

_MOST_ELEMENTS = 1 << 20
MOST_WIDE_ELEMENTS = 1 << 14
"""Of a row of int16 with the zero point 0: its sums then stay in the same words."""
_MOST = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Normalize(Operator):
    """Rows (the last axis, n elements) divided by their standard deviation, after their mean is subtracted.

    With x' = x - zero point, sums over the row, all in integers:

        d = n x' - sum(x')      v = n sum(x'^2) - sum(x')^2     (centered; else d = n x', v = n sum(x'^2))
        v = max(v + epsilon, least)
        t = round(2**16 d / sqrt(v))
        output = clamp(round(t * factor / 2**shift + offset / 2**16))

    sqrt and division have 30 significant bits (`inverse_root`); t and the output are rounded to nearest, ties up.

    Inputs: activations (..., n), int8, or int16 with the zero point 0; factors and offsets, int32 constants of shape
    (P, Q): row r, element e has those at (r mod P, e div (n / Q)). The output, int8 or int16, has the input's shape;
    its zero point is part of the offsets.

    Attributes:
        centered: whether the mean is subtracted.
        epsilon: added to v.
        least: v is not less than this, at least 1.
        shift: 16 and more; see above.
    """

    kind: ClassVar[str] = "normalize"
    centered: bool = True
    epsilon: int = 0
    least: int = 1
    shift: int

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 3, 3)
        x, factors, offsets = inputs
        require_real(self, x, outputs[0])
        require_shape(self, outputs[0], x.shape)
        size = x.shape[-1] if x.shape else 0
        wide = x.dtype == "int16"
        most = MOST_WIDE_ELEMENTS if wide else _MOST_ELEMENTS
        require(0 < size <= most, self, f"rows have {size} elements, must be 1 to {most}")
        require(not wide or x.zero_point == 0, self, f"the int16 input's zero point is {x.zero_point}, must be 0")
        for t, most_constant in ((factors, _MOST), (offsets, INT32_MAX)):
            require(t.data is not None and t.dtype == "int32", self, f"{t.name!r} must be int32 constants")
            require(len(t.shape) == 2 and min(t.shape) > 0, self, f"{t.name!r} has shape {t.shape}, must be (P, Q)")
            assert t.data is not None
            found = int(np.abs(t.data.astype(np.int64)).max())
            require(found <= most_constant, self, f"{t.name!r} exceeds {most_constant}")
        require_shape(self, offsets, factors.shape)
        rows = x.elements // size
        divides = rows % factors.shape[0] == 0 and size % factors.shape[1] == 0
        require(divides, self, f"factors of shape {factors.shape} do not repeat over {rows} rows of {size}")
        limit = 1 << 60
        require(0 <= self.epsilon <= limit, self, f"epsilon {self.epsilon} must be 0 to 2**60")
        require(1 <= self.least <= limit, self, f"the least divisor {self.least} must be 1 to 2**60")
        require(FRACTION <= self.shift <= 2 * FRACTION, self, f"the shift is {self.shift}, must be 16 to 32")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        size = tensors_in[0].shape[-1]
        x = inputs[0].astype(np.int64).reshape(-1, size) - tensors_in[0].zero_point
        total = x.sum(axis=1) if self.centered else np.zeros(len(x), np.int64)
        divisors = np.maximum(size * (x * x).sum(axis=1) - total * total + self.epsilon, self.least)
        roots = [inverse_root(int(v)) for v in divisors]
        inverse, right = (np.array([r[i] for r in roots], np.int64)[:, None] for i in (0, 1))
        normalized = _rounded(((size * x) - total[:, None]) * inverse, right)
        factors, offsets = (_over_rows(c, x.shape) for c in inputs[1:])
        scaled = normalized * factors + (offsets << (self.shift - FRACTION))
        out = tensors_out[0]
        result = np.clip(_rounded(scaled, np.int64(self.shift)), *out.integer_range).astype(DTYPES[out.dtype])
        return [result.reshape(out.shape)]


def inverse_root(v: int) -> tuple[int, int]:
    """(inverse, shift) such that 2**16 / sqrt(v) ~ inverse / 2**shift; v is positive and below 2**62.

    v * 4**j is in [2**60, 2**62), its root q (rounded down) in [2**30, 2**31), inverse = 2**61 / q (rounded down).
    """
    j = (62 - v.bit_length()) // 2
    return (1 << 61) // math.isqrt(v << (2 * j)), 61 - FRACTION - j


def _rounded(x: npt.NDArray[np.int64], shift: npt.NDArray[np.int64] | np.int64) -> npt.NDArray[np.int64]:
    """x / 2**shift to nearest, ties up; shift is positive."""
    result: npt.NDArray[np.int64] = (x + (np.int64(1) << (shift - 1))) >> shift
    return result


def _over_rows(constants: IntArray, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """(P, Q) repeated to (rows, n)."""
    rows, size = shape
    wide = np.repeat(constants.astype(np.int64), size // constants.shape[1], axis=1)
    return np.tile(wide, (rows // constants.shape[0], 1))


def pack_affine(
    factors: npt.NDArray[np.float64], offsets: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int]:
    """(factors, offsets, shift) of `Normalize` for output = factor * (d / sqrt(v)) + offset, in output steps.

    Raises:
        ValueError: a number is beyond what the operator holds.
    """
    most = float(np.abs(factors).max(initial=0.0))
    if not most < _MOST or not float(np.abs(offsets).max(initial=0.0)) < INT32_MAX >> FRACTION:
        raise ValueError("its weights or biases are too large for the scale of its output")
    bits = min(FRACTION, 29 - math.frexp(most)[1] + 1) if most > 0 else FRACTION
    bits = max(bits, 0)
    scaled = np.rint(factors * 2.0**bits).astype(np.int32)
    return scaled, np.rint(offsets * 2.0**FRACTION).astype(np.int32), FRACTION + bits
