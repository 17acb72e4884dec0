"""Scales of weights in few bits: for each channel the one with the least squared error.

The largest weight of a channel, divided by 7, leaves steps so coarse that clipping a few large weights costs less than
what finer steps gain for all others.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchao.quantization.pt2e import PerChannelMinMaxObserver

CANDIDATES = 64
"""Scales that are tried, from the one without clipping down to `SMALLEST` of it."""

SMALLEST = 0.4


class PerChannelLeastSquaresObserver(PerChannelMinMaxObserver):  # type: ignore[misc]
    """Per channel, symmetric; sees the weights themselves, once.

    PT2E tells an observer its channel axis if "PerChannel" is in its name.
    """

    def forward(self, x_orig: Tensor) -> Tensor:
        result: Tensor = super().forward(x_orig)
        rows = x_orig.detach().transpose(0, self.ch_axis).flatten(1).double()
        self.scales = least_squares_scales(rows, int(self.quant_max)).float()
        return result

    def calculate_qparams(self) -> Any:
        scales = self.scales.clamp_min(float(self.eps))
        return scales, torch.zeros_like(scales, dtype=torch.int64)


def least_squares_scales(rows: Tensor, most: int) -> Tensor:
    """Of `CANDIDATES` scales for each row the one with which rounding to [-most, most] loses least; (rows,), float64.

    Args:
        rows: (channels, depth), float64.
    """
    full = rows.abs().amax(dim=1) / most
    best, least = full.clone(), torch.full_like(full, torch.inf)
    for share in torch.linspace(1.0, SMALLEST, CANDIDATES, dtype=torch.float64):
        # As the scale will be kept.
        scales = (full * share).float().double().clamp_min(torch.finfo(torch.float32).tiny)
        steps = torch.round(rows / scales[:, None]).clamp(-most, most)
        error = (steps * scales[:, None] - rows).square().sum(dim=1)
        better = error < least
        best, least = torch.where(better, scales, best), torch.where(better, error, least)
    return best
