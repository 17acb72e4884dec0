"""A network in the form in which ExecuTorch's CortexMQuantizer leaves one, written out by hand.

Weights of the whole int8 range, -128 included, in channels_last order; int32 biases dequantized per channel; a linear
layer quantized per tensor; every value behind an operator quantized, and quantized again where it only moves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT = (1, 3, 6, 6)
_INT32 = (-(2**31), 2**31 - 1, torch.int32)


def fake(x: Tensor, scale: float, zero: int) -> Tensor:
    operators = torch.ops.quantized_decomposed
    x = operators.quantize_per_tensor(x, scale, zero, -128, 127, torch.int8)
    return operators.dequantize_per_tensor(x, scale, zero, -128, 127, torch.int8)


class Layer(nn.Module):
    """int8 weights (channels, inputs, size, size) and an int32 bias, both with a scale for each channel."""

    def __init__(self, generator: torch.Generator, input_scale: float, channels: int, inputs: int, size: int) -> None:
        super().__init__()
        weights = torch.randint(-128, 128, (channels, inputs, size, size), generator=generator, dtype=torch.int8)
        weights[0, 0, 0, 0] = -128
        scales = 0.02 / (inputs * size) * (1 + torch.rand(channels, generator=generator))
        self.register_buffer("weights", weights.to(memory_format=torch.channels_last))
        self.register_buffer("scales", scales)
        self.register_buffer("zeros", torch.zeros(channels, dtype=torch.int64))
        self.register_buffer("bias", torch.randint(-900, 900, (channels,), generator=generator, dtype=torch.int32))
        self.register_buffer("bias_scales", input_scale * scales)

    def forward(self, x: Tensor, groups: int = 1) -> Tensor:
        dequantize = torch.ops.quantized_decomposed.dequantize_per_channel
        weights = dequantize(self.weights, self.scales, self.zeros, 0, -128, 127, torch.int8)
        bias = dequantize(self.bias, self.bias_scales, self.zeros, 0, *_INT32)
        return functional.conv2d(x, weights, bias, padding=self.weights.shape[2] // 2, groups=groups)


class Net(nn.Module):
    """Convolution, depthwise convolution with relu6, 1x1 convolution, residual addition, average, linear layer."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.first = Layer(generator, 0.03, 4, 3, 3)
        self.depthwise = Layer(generator, 0.02, 4, 1, 3)
        self.pointwise = Layer(generator, 0.02, 4, 4, 1)
        weights = torch.randint(-128, 128, (5, 4), generator=generator, dtype=torch.int8)
        weights[0, 0] = -128
        self.register_buffer("weights", weights)
        self.register_buffer("bias", torch.randint(-900, 900, (5,), generator=generator, dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        x = fake(x, 0.03, 3)
        x = fake(torch.relu(self.first(x)), 0.02, -128)
        y = fake(functional.hardtanh(self.depthwise(x, groups=4), 0.0, 6.0), 0.02, -128)
        y = fake(self.pointwise(y), 0.025, 11)
        y = fake(torch.relu(y + x), 0.03, -128)
        y = fake(functional.avg_pool2d(y, 6), 0.03, -128)
        y = fake(y.flatten(1), 0.03, -128)
        dequantize = torch.ops.quantized_decomposed.dequantize_per_tensor
        weights = dequantize(self.weights, 0.005, 0, -128, 127, torch.int8)
        bias = dequantize(self.bias, 0.03 * 0.005, 0, *_INT32)
        return fake(functional.linear(y, weights, bias), 0.04, -20)
