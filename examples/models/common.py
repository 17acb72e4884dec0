"""What the example networks share: seeded parameters and TensorFlow's SAME padding."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def initialise(model: nn.Module, seed: int) -> nn.Module:
    """Fills parameters and batch-norm statistics from one seed; activations stay of order one. Returns eval mode.

    Values come from an own generator: neither the global seed nor the order of construction matters.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(shape: torch.Size, std: float, mean: float = 0.0) -> Tensor:
        return torch.randn(shape, generator=generator) * std + mean

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                module.weight.copy_(normal(module.weight.shape, math.sqrt(2.0 / fan_in)))
                if module.bias is not None:
                    module.bias.copy_(normal(module.bias.shape, 0.1))
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.copy_(normal(module.weight.shape, 0.15, 1.0).abs())
                module.bias.copy_(normal(module.bias.shape, 0.2))
                module.running_mean.copy_(normal(module.running_mean.shape, 0.2))
                module.running_var.copy_(normal(module.running_var.shape, 0.25, 1.0).abs() + 0.1)
    return model.eval()


class SamePad2d(nn.Module):
    """TensorFlow's SAME padding for a known input size: what does not divide evenly goes to the bottom and right."""

    def __init__(self, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        pads = [max((math.ceil(n / s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
        (top, left) = (p // 2 for p in pads)
        self.padding = (left, pads[1] - left, top, pads[0] - top)

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.padding)
