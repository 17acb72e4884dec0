"""The logistic function and the hyperbolic tangent of int16, from one table of 256 values."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_arity, require_shape
from mcugen.graph.tensor import IntArray, Quantization, Tensor


def _sigmoids() -> npt.NDArray[np.int64]:
    def at(place: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        result: npt.NDArray[np.float64] = 65536 / (1 + np.exp(-place / 24))
        return result

    place = np.arange(256.0)
    # Raised by half of what the lines between entries lie below the function.
    below = at(place + 0.5) - (at(place) + at(place + 1)) / 2
    below[0] = 0
    entries = np.rint(at(place) + below / 2).astype(np.int64)
    entries[-1] = 65535
    return entries


SIGMOIDS = _sigmoids()
"""sigmoid(i / 24) with 16 fractional bits, and 1 at the end. Source: TensorFlow Lite `sigmoid_table_uint16`."""

UNIT = Quantization.per_tensor(2.0**-15, 0, bits=16)
"""The quantization of the results."""

_NEARLY_POWER_OF_TWO = 1e-3
_UNIT_BITS = 12  # of an input step in the power-of-two case
_MOST_MULTIPLIER = 32767
_MOST_SHIFT = 31


@dataclass(frozen=True, kw_only=True)
class SigmoidFunction(Operator):
    """What LOGISTIC and TANH of int16 share: (x * multiplier + half) >> shift is the input in steps of 1 / (3 * 4096),
    whose magnitude looks up SIGMOIDS, interpolated.

    Output: int16 with the scale 2**-15. Functions of int8 are tables (`Table`).

    Source: TFLM `CalculateArithmeticOpDataLogistic`, `reference_integer_ops::Logistic` and their twins for tanh.

    Attributes:
        unit_shifts: TFLM takes an input whose scale is 2**(s - 12) as exactly that, for these s.
    """

    pointwise: ClassVar[bool] = True
    unit_shifts: ClassVar[tuple[int, ...]]

    def rescaling(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of the input."""
        scale = float(np.float32(inputs[0].scale))
        exponent = math.log2(scale)
        nearest = round(exponent)
        if abs(exponent - nearest) < _NEARLY_POWER_OF_TWO and nearest + _UNIT_BITS in self.unit_shifts:
            return 3 << (nearest + _UNIT_BITS), 0
        multiplier, shift = scale * 4096.0 * 3.0, 0
        while multiplier <= _MOST_MULTIPLIER / 2 and shift < _MOST_SHIFT:
            multiplier, shift = 2 * multiplier, shift + 1
        return int(multiplier), shift

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x, out)
        require(x.dtype == "int16", self, f"takes int16, not {x.dtype}: functions of int8 are tables")
        require_shape(self, out, x.shape)
        require(out.quantization == UNIT, self, f"output scale {out.scale} must be 2**-15")
        coarse = self.rescaling(inputs)[0] > _MOST_MULTIPLIER
        require(not coarse, self, f"input scale {x.scale} is too coarse: at most {_MOST_MULTIPLIER / 12288:.4}")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        multiplier, shift = self.rescaling(tensors_in)
        x = (inputs[0].astype(np.int64) * multiplier + (1 << shift >> 1)) >> shift
        return [self.of_steps(x).astype(np.int16)]

    @abstractmethod
    def of_steps(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The function with 15 fractional bits, of inputs in steps of 1 / (3 * 4096)."""


@dataclass(frozen=True, kw_only=True)
class Logistic(SigmoidFunction):
    """LiteRT LOGISTIC of int16."""

    kind: ClassVar[str] = "logistic"
    unit_shifts: ClassVar[tuple[int, ...]] = (0,)

    def of_steps(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        result = np.where(np.abs(x) >> 9 >= 255, 0x7FFF << 10, interpolated(np.abs(x), 9))
        return np.where(x >= 0, result + (1 << 9), (1 << 25) - result + (1 << 9) - 1) >> 10


@dataclass(frozen=True, kw_only=True)
class Tanh(SigmoidFunction):
    """LiteRT TANH of int16: 2 sigmoid(2 x) - 1."""

    kind: ClassVar[str] = "tanh"
    unit_shifts: ClassVar[tuple[int, ...]] = (0, 1)

    def of_steps(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        result = np.where(np.abs(x) >> 8 >= 255, 0xFFFF << 8, interpolated(np.abs(x), 8))
        return np.where(x >= 0, result - (1 << 23) + (1 << 7), (1 << 23) - result + (1 << 7) - 1) >> 8


def interpolated(magnitude: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.int64]:
    """SIGMOIDS at magnitude / 2**bits, times 2**bits; the place is limited to the table."""
    place = np.minimum(magnitude >> bits, len(SIGMOIDS) - 2)
    rest = magnitude & ((1 << bits) - 1)
    result: npt.NDArray[np.int64] = (SIGMOIDS[place] << bits) + rest * (SIGMOIDS[place + 1] - SIGMOIDS[place])
    return result
