"""A small one-dimensional network over 3-axis inertial windows: 128 samples, 6 classes."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from examples.models.common import initialise

INPUT_NAME = "signal"
INPUT_SHAPE = (1, 3, 128)


class Conv1dNet(nn.Module):
    def __init__(self, classes: int = 6) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(3, 16, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2, bias=False),
            nn.BatchNorm1d(32),
            nn.ReLU6(),
            nn.MaxPool1d(2),
            nn.Conv1d(32, 32, 3, padding=2, dilation=2),
            nn.ReLU(),
        )
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.classifier = nn.Linear(32, classes)

    def forward(self, signal: Tensor) -> Tensor:
        return self.classifier(self.pool(self.features(signal)).squeeze(-1))


def build(seed: int = 0) -> nn.Module:
    return initialise(Conv1dNet(), seed)


def calibration(samples: int, seed: int = 1) -> np.ndarray:
    """Tones of random frequency and amplitude with noise; float32 (samples, 3, 128)."""
    rng = np.random.default_rng(seed)
    time = np.arange(128) / 128.0
    frequency = rng.uniform(1, 20, (samples, 3, 1))
    phase = rng.uniform(0, 2 * np.pi, (samples, 3, 1))
    amplitude = rng.uniform(0.2, 2.0, (samples, 3, 1))
    tones = amplitude * np.sin(2 * np.pi * frequency * time + phase)
    return (tones + 0.1 * rng.standard_normal((samples, 3, 128))).astype(np.float32)
