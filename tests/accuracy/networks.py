"""Small float networks beside their integer graphs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mcugen.accuracy.subject import Subject
from mcugen.frontend import load_with_counterpart
from mcugen.frontend.quantizer_options import QuantizerOptions


class Branches(nn.Module):
    """Convolutions, a depthwise one, an addition, a concatenation, pools, a softmax: values in several layouts."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.left = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.right = nn.Conv2d(6, 6, 1)
        self.head = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        y = nn.functional.relu6(self.left(x)) + self.right(x)
        y = torch.cat([nn.functional.max_pool2d(y, 2), nn.functional.avg_pool2d(x, 2)], dim=1)
        return torch.softmax(self.head(y.mean(dim=(2, 3))), dim=1)


def save(model: nn.Module, example: torch.Tensor, path: Path) -> Path:
    with torch.no_grad():
        torch.export.save(torch.export.export(model.eval(), (example,)), path)
    return path


def subject(
    model: nn.Module,
    calibration: np.ndarray,
    samples: np.ndarray,
    folder: Path,
    options: QuantizerOptions | None = None,
) -> Subject:
    """The model quantized, with samples of its one input, called x; both are (samples, *shape without the batch)."""
    path = save(model, torch.zeros(1, *calibration.shape[1:]), folder / "net.pt2")
    np.savez(folder / "calibration.npz", x=calibration)
    np.savez(folder / "samples.npz", x=samples)
    graph, counterpart = load_with_counterpart(path, folder / "calibration.npz", options=options)
    assert counterpart is not None
    return Subject(graph, counterpart, counterpart.samples(folder / "samples.npz"))


def images(seed: int, count: int, shape: Sequence[int] = (3, 8, 8)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)
