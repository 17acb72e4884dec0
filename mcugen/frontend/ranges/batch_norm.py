"""Whether a batch norm may be folded into the layer behind it: measured on samples.

Folding multiplies the weights of each input channel with that channel's scale. Weights have one scale for each *output*
channel, so an input channel that hardly varied in training (its scale is up to 1 / sqrt(eps) = 316) takes the
resolution of all others.
"""

from __future__ import annotations

from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.ranges.observe import Samples, spread_evenly, visit
from mcugen.frontend.ranges.rehearsed import parameters, power, rounded_activations, rounded_weights, run
from mcugen.frontend.rewrites.folding import BATCH_NORMS, KeepApart, ScaleShift, scaled_parameters

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
    weight, bias = parameters(module, layer)
    folded_weight, folded_bias = (t.float() for t in scaled_parameters(module, layer, affine))
    shape = [1, -1, *[1] * (values[0].dim() - 2)]
    normed = [(v * affine.scale.reshape(shape) + affine.shift.reshape(shape)).float() for v in values]
    rounded = rounded_activations(normed)
    signal = folded = apart = 0.0
    for x, z, z_rounded in zip(values, normed, rounded, strict=True):
        wanted = run(layer, z, weight, bias)
        signal += float(wanted.double().square().sum())
        folded += power(run(layer, x, rounded_weights(folded_weight), folded_bias), wanted)
        apart += power(run(layer, z_rounded, rounded_weights(weight), bias), wanted)
    return folded > TOLERATED * apart and folded > NEGLIGIBLE * signal
