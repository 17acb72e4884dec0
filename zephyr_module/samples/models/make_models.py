"""Makes the models of the samples: small networks with seeded parameters, which have learned nothing.

`python make_models.py [folder]` writes gesture.pt2, keyword.pt2 and calibration samples for both.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

SAMPLES = 8


class Gesture(nn.Module):
    """A one-dimensional network over windows of 3-axis acceleration: 32 samples, 4 gestures."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv1d(3, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv1d(8, 8, 3), nn.ReLU())
        self.classifier = nn.Linear(8 * 14, 4)

    def forward(self, acceleration: Tensor) -> Tensor:
        return self.classifier(self.features(acceleration).flatten(1))


class Keyword(nn.Module):
    """A depthwise separable network over 49 frames of 10 features, after "Hello Edge" (arXiv:1711.07128): 4 words."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, channels, (10, 4), stride=2, padding=(5, 1)),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
        )
        self.classifier = nn.Linear(channels, 4)

    def forward(self, features: Tensor) -> Tensor:
        return torch.softmax(self.classifier(self.features(features).flatten(1)), -1)


def shorten_paths(node: torch.fx.Node) -> None:
    """Archives that are checked in name no folder of one machine: file names stay, and paths inside of packages."""
    trace = node.meta.get("stack_trace")
    if trace:
        node.meta["stack_trace"] = re.sub(r'File "[^"]*?/((site-packages/.*/)?[^"/]*")', r'File "/\1', trace)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    generator = np.random.default_rng(0)
    models = {"gesture": (Gesture, "acceleration", (1, 3, 32)), "keyword": (Keyword, "features", (1, 1, 49, 10))}
    for name, (network, port, shape) in models.items():
        torch.manual_seed(0)
        model = network().eval()
        samples = generator.normal(size=(SAMPLES, *shape[1:])).astype(np.float32)
        with torch.no_grad():
            program = torch.export.export(model, (torch.zeros(shape),))
        for node in program.graph.nodes:
            shorten_paths(node)
        torch.export.save(program, folder / f"{name}.pt2")
        np.savez_compressed(folder / f"{name}_calibration.npz", **{port: samples})


if __name__ == "__main__":
    main()
