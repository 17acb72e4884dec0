"""A small network with a bit of everything that has weights, and how it is quantized."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from mcugen.frontend.importer import inputs_of
from mcugen.frontend.precision.rules import Rules
from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from tests.frontend.programs import export, samples

INPUT = (1, 3, 9, 8)


class Net(nn.Module):
    """Convolution, depthwise, a residual sum, pools, a linear layer, softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.ReLU6(), nn.Conv2d(6, 6, 1))
        self.classifier = nn.Linear(6, 4)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        x = torch.relu(self.block(x) + x)
        x = nn.functional.avg_pool2d(nn.functional.max_pool2d(x, 2), 2)
        return torch.softmax(self.classifier(x.mean((2, 3))), -1)


class Given(nn.Module):
    """Two linear layers in the form that another quantizer leaves: q/dq around activations, integers as weights.

    Args:
        bits: of the activations (int16 is symmetric), and of the weights.
    """

    SIZE = 16

    def __init__(self, activations: int = 8, weights: int = 8) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(7)
        self.activations, self.most = activations, 1 << (weights - 1)
        for name, outputs in (("first", self.SIZE), ("second", 4)):
            shape = (outputs, self.SIZE)
            values = torch.randint(-self.most, self.most, shape, generator=generator, dtype=torch.int8)
            self.register_buffer(name, values)
            self.register_buffer(f"{name}_bias", torch.randn(outputs, generator=generator) / 4)
        self.register_buffer("scales", (1 + torch.rand(self.SIZE, generator=generator)) / self.most / 4)
        self.register_buffer("zeros", torch.zeros(self.SIZE, dtype=torch.int64))

    def _value(self, x: Tensor, reach: float) -> Tensor:
        most = 1 << (self.activations - 1)
        dtype, zero = (torch.int8, 3) if self.activations == 8 else (torch.int16, 0)
        operators = torch.ops.quantized_decomposed
        stored = operators.quantize_per_tensor(x, reach / most, zero, -most, most - 1, dtype)
        return operators.dequantize_per_tensor(stored, reach / most, zero, -most, most - 1, dtype)

    def _layer(self, x: Tensor, values: Tensor, bias: Tensor) -> Tensor:
        count = values.shape[0]
        limits = -self.most, self.most - 1, torch.int8
        dequantize = torch.ops.quantized_decomposed.dequantize_per_channel
        return nn.functional.linear(x, dequantize(values, self.scales[:count], self.zeros[:count], 0, *limits), bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self._value(torch.relu(self._layer(self._value(x, 4.0), self.first, self.first_bias)), 5.0)
        return self._value(self._layer(x, self.second, self.second_bias), 6.0)


def quantized(model: nn.Module, rules: Rules, *shapes: tuple[int, ...], count: int = 8) -> GraphModule:
    """Calibrated with normally distributed samples."""
    module = export(model, *shapes).module(check_guards=False)
    data = {spec.name: samples(spec.shape, count, seed=i) for i, spec in enumerate(inputs_of(module))}
    return quantize(module, data, options=replace(PLAIN, rules=rules))


def signal_to_noise(wanted: np.ndarray, got: np.ndarray) -> float:
    """In decibels."""
    return float(10 * np.log10(np.square(wanted).sum() / np.square(got - wanted).sum()))
