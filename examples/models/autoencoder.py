"""Deep autoencoder for anomaly detection (MLPerf Tiny AD): 640 spectrogram features, 264,192 MACs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from torch import Tensor, nn

from examples.models.common import initialise

INPUT_NAME = "features"
INPUT_SHAPE = (1, 640)
MACS = 264_192
WIDTHS = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            *(nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU()) for i, o in pairwise(WIDTHS))
        )
        self.output = nn.Linear(WIDTHS[-1], 640)

    def forward(self, features: Tensor) -> Tensor:
        return self.output(self.hidden(features))


def build(seed: int = 0) -> nn.Module:
    return initialise(Autoencoder(), seed)


def calibration(samples: int, seed: int = 1) -> np.ndarray:
    """Five frames of 128 log-mel bands with a smooth envelope; float32 (samples, 640)."""
    rng = np.random.default_rng(seed)
    envelope = np.cumsum(rng.standard_normal((samples, 1, 128)), axis=2) / 8.0
    return (envelope + 0.3 * rng.standard_normal((samples, 5, 128))).reshape(samples, 640).astype(np.float32)
