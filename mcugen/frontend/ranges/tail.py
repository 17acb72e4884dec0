"""An activation observer that leaves room for what the calibration samples have not shown.

With few samples, the next ones often reach further than any before, and an integer that saturates is wrong by much more
than a step. The range is therefore the one that about one sample in a thousand would leave, extrapolated from the
largest of the samples' extremes with an exponential tail (mean excess over a threshold; Pickands 1975 for the general
law). Data that are bounded, and values behind a relu or a clip, show no tail and get no room.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchao.quantization.pt2e import MinMaxObserver

from mcugen.frontend.ranges.outliers import FEWEST, SHARE, trim

ONE_IN = 1000
"""Samples among which one may leave the range."""

_MOST_ROOM = 0.25
"""Of the range that was seen, on either side: 3.5 dB of resolution when both sides have it."""


class TailObserver(MinMaxObserver):  # type: ignore[misc]
    """Lowest and highest value, extrapolated; each call of `forward` is one sample.

    Attributes:
        trimmed: whether outliers are left out.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.lows: list[float] = []
        self.highs: list[float] = []
        self.trimmed = False

    def forward(self, x_orig: Tensor) -> Tensor:
        if x_orig.numel():
            low, high = torch.aminmax(x_orig.detach())
            self.lows.append(float(low))
            self.highs.append(float(high))
        result: Tensor = super().forward(x_orig)
        return result

    def calculate_qparams(self) -> Any:
        if not self.highs:
            return super().calculate_qparams()
        low, high = with_room(*(trim(self.lows, self.highs) if self.trimmed else (self.lows, self.highs)))
        return self._calculate_qparams(torch.tensor(low), torch.tensor(high))


def has_outliers(module: torch.nn.Module) -> bool:
    """Whether trimming would change any range of a calibrated program."""
    observers = [m for m in module.modules() if isinstance(m, TailObserver)]
    return any(len(trim(o.lows, o.highs)[0]) < len(o.lows) for o in observers)


def trim_outliers(module: torch.nn.Module) -> None:
    """Lets all observers of a calibrated program leave outliers out."""
    for observer in module.modules():
        if isinstance(observer, TailObserver):
            observer.trimmed = True


def with_room(lows: list[float], highs: list[float]) -> tuple[float, float]:
    """(lowest, highest) value to expect, from the extremes of each sample; the sign that all values have stays."""
    low, high = min(lows), max(highs)
    most = _MOST_ROOM * (high - low)
    below = min(beyond([-v for v in lows]), most, low if low >= 0 else math.inf)
    above = min(beyond(highs), most, -high if high <= 0 else math.inf)
    return low - below, high + above


def beyond(reach: list[float]) -> float:
    """How far past the largest of `reach` one sample in `ONE_IN` gets; 0 when that many were seen."""
    count = len(reach)
    if count < FEWEST:
        # Too few for a tail: all the room there is, unless a bound shows in that they reach the same.
        return math.inf if count == 1 or max(reach) > min(reach) else 0.0
    if count >= ONE_IN:
        return 0.0
    ordered = sorted(reach, reverse=True)
    tail = max(math.ceil(count / SHARE), 2)
    threshold = ordered[tail]
    excess = sum(ordered[:tail]) / tail - threshold
    return max(threshold + excess * math.log(ONE_IN * tail / count) - ordered[0], 0.0)
