"""Whether a batch norm may be folded into the layer behind it: measured on samples.

Folding multiplies the weights of each input channel with that channel's scale. Weights have one scale for each *output*
channel, so an input channel that hardly varied in training (its scale is up to 1 / sqrt(eps) = 316) takes the
resolution of all others.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.ranges.observe import Samples, spread_evenly, visit
from mcugen.frontend.rewrites.folding import BATCH_NORMS, KeepApart, ScaleShift, attribute, scaled_parameters

TOLERATED = 2.0
"""Folding saves a layer; it may cost this factor of noise power (3 dB)."""

NEGLIGIBLE = 1e-4
"""Noise over signal (40 dB) that no int8 network notices."""

_SAMPLES = 16


def measured(module: GraphModule, samples: Samples) -> KeepApart:
    """Judges the program's batch norms by up to `_SAMPLES` samples."""
    seen: dict[str, list[Tensor]] = {}
    readers: dict[Node, list[str]] = {}
    for node in module.graph.nodes:
        if node.op == "call_function" and target_name(node) in BATCH_NORMS:
            readers.setdefault(bind(node)["input"], []).append(node.name)

    def see(_: int, node: Node, value: Tensor) -> None:
        for name in readers.get(node, ()):
            seen.setdefault(name, []).append(value)

    if readers:
        visit(module, samples, spread_evenly(samples, _SAMPLES), see)

    def keep_apart(node: Node, layer: Node, affine: ScaleShift) -> bool:
        x = seen.get(node.name)
        return x is not None and suffers(module, layer, affine, x)

    return keep_apart


def suffers(module: GraphModule, layer: Node, affine: ScaleShift, values: list[Tensor]) -> bool:
    """Whether `layer` gets noticeably noisier with the batch norm in its weights than behind a layer of its own.

    Args:
        values: what the batch norm reads, sample by sample.
    """
    bound = bind(layer)
    weight, bias = attribute(module, bound["weight"]), attribute(module, bound["bias"])
    assert weight is not None
    folded_weight, folded_bias = (t.float() for t in scaled_parameters(module, layer, affine))
    shape = [1, -1, *[1] * (values[0].dim() - 2)]
    normed = [(v * affine.scale.reshape(shape) + affine.shift.reshape(shape)).float() for v in values]
    rounded = _rounded_activations(normed)

    def run(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        target = layer.target
        assert isinstance(target, torch._ops.OpOverload)
        arguments = bound | {"input": x, "weight": w, "bias": b}
        result: Tensor = target(*arguments.values())
        return result

    signal = folded = apart = 0.0
    for x, z, z_rounded in zip(values, normed, rounded, strict=True):
        wanted = run(z, weight, bias)
        signal += float(wanted.double().square().sum())
        folded += _power(run(x, _rounded_weights(folded_weight), folded_bias), wanted)
        apart += _power(run(z_rounded, _rounded_weights(weight), bias), wanted)
    return folded > TOLERATED * apart and folded > NEGLIGIBLE * signal


def _power(got: Tensor, wanted: Tensor) -> float:
    return float((got.double() - wanted.double()).square().sum())


def _rounded_weights(weight: Tensor) -> Tensor:
    """As int8 with one scale for each output channel."""
    scale = weight.abs().reshape(weight.shape[0], -1).max(dim=1).values.clamp_min(1e-30) / 127
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    return (weight / scale).round() * scale


def _rounded_activations(values: list[Tensor]) -> list[Tensor]:
    """As int8 with one scale over all samples."""
    low = min(float(v.min()) for v in values)
    high = max(float(v.max()) for v in values)
    scale = max(max(high, 0.0) - min(low, 0.0), 1e-30) / 255
    return [(v / scale).round() * scale for v in values]
