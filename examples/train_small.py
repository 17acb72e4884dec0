"""Trains a small network in seconds on data made on the spot: which of six shapes is in a noisy 16x16 image?

`python -m examples.train_small --output DIR` writes shapes.pt2, shapes_cal.npz and shapes_test.npz (images, labels).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_NAME = "image"
INPUT_SHAPE = (1, 1, 16, 16)
CLASSES = ("square", "disc", "cross", "horizontal", "vertical", "diagonal")

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def make_data(count: int, seed: int) -> tuple[Images, Labels]:
    """Shapes of random place, size, contrast and offset in noise: float32 (count, 1, 16, 16), and class numbers."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), count)
    rows, columns = np.mgrid[0:16, 0:16]
    y = rows - rng.uniform(5, 10, (count, 1, 1))
    x = columns - rng.uniform(5, 10, (count, 1, 1))
    r = rng.uniform(2.5, 5, (count, 1, 1))
    inside = np.maximum(np.abs(x), np.abs(y)) < r
    masks = np.stack(
        [
            inside,
            x**2 + y**2 < (1.1 * r) ** 2,
            inside & ((np.abs(x) < 1) | (np.abs(y) < 1)),
            inside & (np.abs(y) < 1),
            inside & (np.abs(x) < 1),
            inside & (np.abs(x - y) < 1.4),
        ]
    )
    shapes = masks[labels, np.arange(count)]
    contrast, offset = rng.uniform(0.6, 1.5, (count, 1, 1)), rng.uniform(-0.5, 0.5, (count, 1, 1))
    images = contrast * shapes + offset + 0.35 * rng.standard_normal((count, 16, 16))
    return images[:, None].astype(np.float32), labels


def block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class ShapeNet(nn.Module):
    """Depthwise-separable, with a residual connection and a max pool: 4,000 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.pool = nn.MaxPool2d(2)
        self.first = block(16, 32, 1)
        self.second = block(32, 32, 1)
        self.third = block(32, 48, 2)
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(48, len(CLASSES))

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(self.pool(self.stem(image)))
        x = self.third(self.second(x) + x)
        return self.classifier(self.dropout(x.mean((2, 3))))


@dataclass(frozen=True)
class Trained:
    """A trained network in evaluation mode, and data it has not seen."""

    model: nn.Module
    images: Images
    labels: Labels

    def accuracy(self, scores: npt.NDArray[np.generic]) -> float:
        """Share of images whose largest score is that of their class; scores (images, classes)."""
        return float((scores.argmax(axis=1) == self.labels).mean())


def train(seed: int = 0, steps: int = 240, batch: int = 48, test: int = 400) -> Trained:
    torch.manual_seed(seed)
    images, labels = make_data(steps * batch, seed)
    model = ShapeNet().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    for step in range(steps):
        part = slice(step * batch, (step + 1) * batch)
        loss = functional.cross_entropy(model(torch.from_numpy(images[part])), torch.from_numpy(labels[part]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return Trained(model.eval(), *make_data(test, seed + 1))


def calibration(samples: int = 64, seed: int = 2) -> Images:
    return make_data(samples, seed)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path())
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder: Path = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # the network is too small to share out
    trained = train(arguments.seed)
    with torch.no_grad():
        program = torch.export.export(trained.model, (torch.zeros(INPUT_SHAPE),))
        scores = trained.model(torch.from_numpy(trained.images)).numpy()
    torch.export.save(program, folder / "shapes.pt2")
    np.savez_compressed(folder / "shapes_cal.npz", **{INPUT_NAME: calibration()})
    np.savez_compressed(folder / "shapes_test.npz", images=trained.images, labels=trained.labels)
    print(f"float accuracy on {len(trained.labels)} images: {trained.accuracy(scores):.1%}")


if __name__ == "__main__":
    main()
