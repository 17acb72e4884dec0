"""A small network, trained on the spot, and exact rewrites of it that are hard on quantization.

Each rewrite multiplies channels of an activation and divides the weights that read them, so that the float network
computes what it did. What is lost then is lost by ranges alone.
"""

from __future__ import annotations

import copy
import functools

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from examples.train_small import CLASSES, Images, Trained, make_data
from mcugen.frontend.torch_settings import single_threaded

CHANNELS, WIDE = 16, 48
TEST_IMAGES = 400


class ResidualNet(nn.Module):
    """Which of six shapes is in an image (1, 1, 16, 16)? Most of its work is behind the residual connection.

    Args:
        wide: channels there.
    """

    def __init__(self, wide: int = WIDE) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, CHANNELS, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU()
        )
        self.mix = nn.Sequential(_depthwise(CHANNELS), nn.BatchNorm2d(CHANNELS), nn.ReLU())
        self.spread = nn.Sequential(_depthwise(CHANNELS), nn.BatchNorm2d(CHANNELS), nn.ReLU())
        self.widen = nn.Sequential(nn.Conv2d(CHANNELS, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU())
        self.body = nn.Sequential(
            nn.Conv2d(wide, wide, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()
        )
        self.classifier = nn.Linear(wide, len(CLASSES))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        x = self.widen(self.spread(x + self.mix(x)))
        scores: Tensor = self.classifier(self.body(x).mean((2, 3)))
        return scores


def _depthwise(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)


@functools.cache
def train(seed: int = 0, steps: int = 200, batch: int = 48, wide: int = WIDE) -> Trained:
    """The network, with test images and labels. Not to be changed: it is made once a process."""
    with single_threaded():
        torch.manual_seed(seed)
        images, labels = make_data(steps * batch, seed)
        model = ResidualNet(wide).train()
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-2, total_steps=steps)
        for step in range(steps):
            part = slice(step * batch, (step + 1) * batch)
            loss = functional.cross_entropy(model(torch.from_numpy(images[part])), torch.from_numpy(labels[part]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return Trained(model.eval(), *make_data(TEST_IMAGES, seed + 1))


def with_outlier(trained: Trained, factor: float = 128.0, channel: int = 3) -> Trained:
    """One channel of what the residual connection adds is `factor` times larger: nothing else has a range like that,
    and because of the addition no factor can be moved out of it."""
    model = copy.deepcopy(trained.model)
    assert isinstance(model, ResidualNet)
    factors = torch.ones(CHANNELS)
    factors[channel] = factor
    _rescale((model.stem, model.mix), (model.mix, model.spread), factors)
    return Trained(model, trained.images, trained.labels)


def with_unequal_channels(trained: Trained, octaves: float = 10.0, seed: int = 0) -> Trained:
    """The channels between the depthwise and the pointwise convolution differ in range by up to 2^octaves."""
    model = copy.deepcopy(trained.model)
    assert isinstance(model, ResidualNet)
    factors = torch.exp2(torch.rand(CHANNELS, generator=torch.Generator().manual_seed(seed)) * octaves)
    _rescale((model.spread,), (model.widen,), factors)
    return Trained(model, trained.images, trained.labels)


def _rescale(makers: tuple[nn.Sequential, ...], readers: tuple[nn.Sequential, ...], factors: Tensor) -> None:
    with torch.no_grad():
        for maker in makers:
            maker[1].weight.mul_(factors)
            maker[1].bias.mul_(factors)
        for reader in readers:
            # (outputs, inputs / groups, 3, 3): inputs are counted along one of the first two axes.
            depthwise = reader[0].groups > 1
            reader[0].weight.div_(factors.reshape(-1, 1, 1, 1) if depthwise else factors.reshape(1, -1, 1, 1))


def calibration(samples: int = 64, seed: int = 2) -> Images:
    """As the model takes them: (samples, 1, 16, 16)."""
    return make_data(samples, seed)[0]


def float_scores(trained: Trained) -> np.ndarray:
    """(images, classes)."""
    with torch.no_grad():
        found: np.ndarray = trained.model(torch.from_numpy(trained.images)).numpy()
        return found
