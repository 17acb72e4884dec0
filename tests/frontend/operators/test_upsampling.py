"""Layers that make larger images, against PyTorch's quantized program: within a step of each layer's output."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.frontend.programs import compare, kinds, post_training, seeded, transposes

IMAGE = (2, 4, 5, 6)


class Transposed(nn.Module):
    """Transposed convolutions of all kinds; batch norm and ReLU behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = nn.Sequential(
            nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.ConvTranspose2d(6, 4, (2, 4), stride=(2, 1), groups=2, dilation=(1, 2), padding=(0, 3)),
            nn.BatchNorm2d(4),
            nn.ReLU6(),
        )
        self.depthwise = nn.ConvTranspose2d(4, 4, 4, stride=2, padding=1, groups=4)
        self.signal = nn.ConvTranspose1d(4, 3, 5, stride=3, padding=2, output_padding=2)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.stack(x), self.depthwise(x), torch.relu(self.signal(x[:, :, 0]))


@pytest.mark.parametrize("decomposed", [False, True], ids=["exported", "decomposed"])
def test_transposed_convolutions(decomposed: bool) -> None:
    program = post_training(seeded(Transposed()), IMAGE, decomposed=decomposed)
    result = compare(program, IMAGE, count=2)
    assert result.layer <= 1, result.where
    assert result.output <= 2
    assert [kind for kind in kinds(result.graph) if kind != "take"] == ["transposed_conv2d"] * 4
    assert len(transposes(result.graph)) <= 1


class Interpolated(nn.Module):
    """Linear interpolation to sizes and by factors, larger and smaller, with corners aligned or not."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        def resize(y: Tensor, mode: str = "bilinear", **arguments: object) -> Tensor:
            return functional.interpolate(y, mode=mode, **arguments)  # type: ignore[arg-type]

        return (
            resize(x, scale_factor=2.0),
            resize(x, scale_factor=2.0, align_corners=True),
            resize(x, size=(7, 3)),
            resize(x, size=(7, 17), align_corners=True),
            resize(x, scale_factor=(1.7, 0.6)),
            resize(x, size=(1, 1), align_corners=True),
        )


class InterpolatedSignals(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = x[:, :, 0]
        return (
            functional.interpolate(y, mode="linear", scale_factor=3.0),
            functional.interpolate(y, mode="linear", size=11, align_corners=True),
        )


# Decomposed, one-dimensional interpolation is the arithmetic of its definition.
@pytest.mark.parametrize(
    ("model", "decomposed"),
    [(Interpolated(), False), (Interpolated(), True), (InterpolatedSignals(), False)],
    ids=["images", "images, decomposed", "signals"],
)
def test_linear_interpolation(model: nn.Module, decomposed: bool) -> None:
    program = post_training(model, IMAGE, decomposed=decomposed)
    result = compare(program, IMAGE, count=2)
    assert (result.layer, result.output) <= (1, 1), result.where
    assert "resize_bilinear" in kinds(result.graph)


class Adaptive(nn.Module):
    """Pools to any output size, smaller and larger than the input."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return (
            functional.adaptive_avg_pool2d(x, (3, 4)),
            functional.adaptive_avg_pool2d(x, 7),
            functional.adaptive_max_pool2d(x, (2, 4)),
            functional.adaptive_max_pool2d(x, (7, 3)),
            functional.adaptive_avg_pool1d(x[:, :, 0], 4),
            functional.adaptive_max_pool1d(x[:, :, 0], 3),
        )


def test_adaptive_pools() -> None:
    result = compare(post_training(Adaptive(), IMAGE), IMAGE, count=2)
    assert (result.layer, result.output) <= (1, 1), result.where
    assert {"adaptive_average_pool2d", "max_pool2d"} <= set(kinds(result.graph))
