"""How far the integers of one tensor are from the real values that they stand for, over many samples."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.graph.graph import Fidelity
from mcugen.graph.quantization import dequantize
from mcugen.graph.tensor import IntArray, Quantization

Real = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class LargestError:
    """Where integers are furthest from the float value.

    Attributes:
        sample: index of the sample.
        index: in the float value's own shape.
        wanted, got: the float value, and what the integer stands for.
    """

    sample: int
    index: tuple[int, ...]
    wanted: float
    got: float

    @property
    def size(self) -> float:
        return abs(self.got - self.wanted)


@dataclass(frozen=True)
class Figures:
    """Attributes:
    sqnr_db: signal over quantization noise in decibels, within +-`Fidelity.LIMIT_DB`.
    cosine: of the angle between the float values and the integers' over all samples; 1 where both are zero.
    largest: where the error is largest.
    saturated: share of the values that lie beyond the range of the integers by half a step or more.
    used: share of the steps of the integer type between the lowest and the highest integer seen.
    """

    sqnr_db: float
    cosine: float
    largest: LargestError
    saturated: float
    used: float

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        found["largest"]["error"] = self.largest.size
        return found


def decibels(signal: float, noise: float) -> float:
    """Signal power over noise power, to a hundredth, within +-`Fidelity.LIMIT_DB`."""
    limit = Fidelity.LIMIT_DB
    if noise <= 0:
        return limit
    if signal <= 0:
        return -limit
    return round(min(max(10 * math.log10(signal / noise), -limit), limit), 2)


class Comparison:
    """Adds up samples of one tensor; see `Figures`."""

    def __init__(self, quantization: Quantization) -> None:
        self._quantization = quantization
        self.signal = self.noise = 0.0
        self._product = self._power = 0.0
        self._count = self._beyond = 0
        self._lowest, self._highest = math.inf, -math.inf
        self._largest: LargestError | None = None

    def add(self, sample: int, wanted: Real, integers: IntArray) -> None:
        """One sample: the float value, and the integers in the same order and shape."""
        got = dequantize(integers, self._quantization).astype(np.float64)
        real = wanted.astype(np.float64)
        error = got - real
        self.signal += float(np.vdot(real, real))
        self.noise += float(np.vdot(error, error))
        self._product += float(np.vdot(real, got))
        self._power += float(np.vdot(got, got))
        low, high = self._quantization.integer_range
        ideal = real / self._quantization.scale + self._quantization.zero_point
        self._beyond += int(np.count_nonzero((ideal < low - 0.5) | (ideal > high + 0.5)))
        self._count += real.size
        self._lowest = min(self._lowest, float(integers.min()))
        self._highest = max(self._highest, float(integers.max()))
        at = int(np.abs(error).argmax())
        if self._largest is None or abs(float(error.flat[at])) > self._largest.size:
            index = tuple(int(i) for i in np.unravel_index(at, real.shape))
            self._largest = LargestError(sample, index, float(real.flat[at]), float(got.flat[at]))

    @property
    def sqnr_db(self) -> float:
        return decibels(self.signal, self.noise)

    def figures(self) -> Figures:
        """Of the samples so far, of which there must be one."""
        assert self._largest is not None
        length = math.sqrt(self.signal * self._power)
        cosine = self._product / length if length else float(self.signal == self._power)
        low, high = self._quantization.integer_range
        return Figures(
            sqnr_db=self.sqnr_db,
            cosine=round(min(cosine, 1.0), 6),
            largest=self._largest,
            saturated=self._beyond / self._count,
            used=(self._highest - self._lowest) / (high - low),
        )
