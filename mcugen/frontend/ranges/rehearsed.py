"""One layer in float arithmetic, with activations and weights rounded to 8 bits: how noisy it would be."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import bind
from mcugen.frontend.rewrites.folding import attribute


def run(layer: Node, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """The layer's results with other parameters."""
    target = layer.target
    assert isinstance(target, torch._ops.OpOverload)
    arguments = bind(layer) | {"input": x, "weight": weight, "bias": bias}
    result: Tensor = target(*arguments.values())
    return result


def parameters(module: GraphModule, layer: Node) -> tuple[Tensor, Tensor | None]:
    """Weights and bias of a layer that has constant ones."""
    bound = bind(layer)
    weight = attribute(module, bound["weight"])
    assert weight is not None
    return weight, attribute(module, bound["bias"])


def power(got: Tensor, wanted: Tensor) -> float:
    """Of the difference."""
    return float((got.double() - wanted.double()).square().sum())


def rounded_weights(weight: Tensor) -> Tensor:
    """As int8 with one scale for each output channel."""
    scale = weight.abs().reshape(weight.shape[0], -1).max(dim=1).values.clamp_min(1e-30) / 127
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    return (weight / scale).round() * scale


def rounded_activations(values: Sequence[Tensor]) -> list[Tensor]:
    """As int8 with one scale over all samples."""
    low = min(float(v.min()) for v in values)
    high = max(float(v.max()) for v in values)
    scale = max(max(high, 0.0) - min(low, 0.0), 1e-30) / 255
    return [(v / scale).round() * scale for v in values]
