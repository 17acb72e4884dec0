"""Activation observers that know how often each value occurs.

Values are counted by sign, exponent and the first bits of their significand: bins of one part in 64 at any magnitude,
whose places do not depend on the data. So nothing is ever redistributed, an outlier costs the others no resolution, and
the order of the samples does not matter.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchao.quantization.pt2e import MinMaxObserver

_FRACTION_BITS = 6
_DROPPED = 23 - _FRACTION_BITS
_SIGN = 1 << (8 + _FRACTION_BITS)
_BINS = 2 * _SIGN

_ENDS = 96
_ENDS_PER_OCTAVE = 12
"""Ranges that are tried: either end shrunk by up to 8 octaves."""


class _CountingObserver(MinMaxObserver):  # type: ignore[misc]
    """Extremes, and how many values fall into each bin."""

    counts: Tensor

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.register_buffer("counts", torch.zeros(_BINS, dtype=torch.int64))

    def forward(self, x_orig: Tensor) -> Tensor:
        if x_orig.numel():
            bits = x_orig.detach().float().contiguous().view(torch.int32).reshape(-1)
            self.counts += torch.bincount((bits >> _DROPPED) & (_BINS - 1), minlength=_BINS)
        result: Tensor = super().forward(x_orig)
        return result

    def _distribution(self) -> tuple[Tensor, Tensor]:
        """Values in ascending order, of each bin the one that is furthest from 0, and how often they occur; float64."""
        occupied = self.counts.nonzero().reshape(-1)
        magnitude = ((occupied % _SIGN + 1) << _DROPPED).to(torch.int32).view(torch.float32)
        # Zero is exact, and its bin has nothing else that is larger than the least normal number.
        magnitude = torch.where(occupied % _SIGN == 0, 0.0, magnitude)
        values = torch.where(occupied >= _SIGN, -magnitude, magnitude).double()
        values, order = values.clamp(self.min_val.double(), self.max_val.double()).sort()
        return values, self.counts[occupied][order].double()

    def calculate_qparams(self) -> Any:
        if not bool(self.counts.any()):
            return super().calculate_qparams()
        low, high = self._range(*self._distribution())
        return self._calculate_qparams(torch.tensor(low).float(), torch.tensor(high).float())

    def _range(self, values: Tensor, counts: Tensor) -> tuple[float, float]:
        raise NotImplementedError


class PercentileObserver(_CountingObserver):
    """All but a share of the values at either end.

    Args:
        percentile: of the values that are below the upper end, and of those above the lower end.
    """

    def __init__(self, percentile: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.percentile = percentile

    def _range(self, values: Tensor, counts: Tensor) -> tuple[float, float]:
        wanted = self.percentile / 100 * counts.sum()
        low, high = (
            ends[int(torch.searchsorted(sums, wanted).clamp_max(len(ends) - 1))]
            for ends, sums in ((values.flip(0), counts.flip(0).cumsum(0)), (values, counts.cumsum(0)))
        )
        return float(low), float(high)


class SquaredErrorObserver(_CountingObserver):
    """The range, within the extremes and around 0, in which quantization has the least squared error.

    That is the squared distance to the range for each value outside, the square of each that rounds to 0, and a twelfth
    of a squared step for each of the others (as Banner et al. 2019, "Post training 4-bit quantization of convolutional
    networks", section 2, but on the distribution as it is).
    """

    def _range(self, values: Tensor, counts: Tensor) -> tuple[float, float]:
        shrink = torch.exp2(-torch.arange(_ENDS, dtype=torch.float64) / _ENDS_PER_OCTAVE)
        highs = shrink * values[-1] if values[-1] > 0 else torch.zeros(1, dtype=torch.float64)
        lows = shrink * values[0] if values[0] < 0 else torch.zeros(1, dtype=torch.float64)
        above, number_above = _beyond(values, counts, highs)
        below, number_below = _beyond(-values.flip(0), counts.flip(0), -lows)
        steps = (highs[None, :] - lows[:, None]) / (self.quant_max - self.quant_min)
        lost, number_lost = _below(values.abs(), counts, steps / 2)
        rounded = counts.sum() - number_below[:, None] - number_above[None, :] - number_lost
        noise = below[:, None] + above[None, :] + lost + rounded.clamp_min(0) * steps.square() / 12
        best = int(noise.argmin())
        return float(lows[best // len(highs)]), float(highs[best % len(highs)])


def _beyond(values: Tensor, counts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """For each upper end: the squared distances of what is beyond it, and how many such there are."""
    first = torch.searchsorted(values, ends, right=True)
    total = [_sums(t.flip(0)).flip(0)[first] for t in (counts * values.square(), counts * values, counts)]
    return (total[0] - 2 * ends * total[1] + ends.square() * total[2]).clamp_min(0), total[2]


def _below(magnitudes: Tensor, counts: Tensor, limits: Tensor) -> tuple[Tensor, Tensor]:
    """For each limit: the squares of what is smaller, and how many such there are."""
    magnitudes, order = magnitudes.sort()
    number = torch.searchsorted(magnitudes, limits)
    return _sums(counts[order] * magnitudes.square())[number], _sums(counts[order])[number]


def _sums(values: Tensor) -> Tensor:
    """Of the first 0, 1, 2 ... values."""
    return torch.cat([torch.zeros(1, dtype=values.dtype), values.cumsum(0)])
