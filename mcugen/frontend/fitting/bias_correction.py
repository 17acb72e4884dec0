"""Mean errors of a quantized program's layers, taken up by their biases.

Rounded weights and saturated activations move a channel's mean, and a moved mean is an error that all later layers and
all positions share. For each layer in turn, behind the corrected ones, the mean of each channel on samples is compared
with that of the float program, and the difference leaves with the bias (Nagel et al. 2019, "Data-Free Quantization
Through Weight Equalization and Bias Correction", arXiv:1906.04721, section 4.2 and appendix D: empirical correction).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.fitting.stepwise import FEWEST, run_stepwise
from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.ranges.observe import Samples
from mcugen.frontend.rewrites.folding import attribute, is_transposed, new_constant, weighted, with_arguments

SIGNIFICANT = 2.0
"""A mean error counts when it is so many times its own standard error, over the samples."""


def correct_biases(program: GraphModule, reference: GraphModule, samples: Samples, indices: Sequence[int]) -> list[str]:
    """Changes biases of a quantized program, in place.

    Args:
        program: in q/dq form.
        reference: the float program of which it was made; its layers have the same names.
        samples: by input name, what both take.
        indices: of the samples to be used.

    Returns:
        The names of the layers whose biases were changed; none with fewer than `FEWEST` samples.
    """
    if len(indices) < FEWEST:
        return []
    given = {node.name: node for node in reference.graph.nodes}
    layers = {
        node: given[node.name]
        for node in program.graph.nodes
        if _has_bias(program, node) and node.name in given and given[node.name].target == node.target
    }
    wanted = _means(reference, samples, indices, list(layers.values()))
    found: dict[Node, Tensor] = {}

    def correct(node: Node, values: list[Tensor]) -> list[Tensor]:
        if node not in layers:
            return values
        errors = torch.stack([_mean(node, value) for value in values]) - wanted[layers[node]]
        mean, deviation = errors.mean(0), errors.std(0)
        error = torch.where(mean.abs() > SIGNIFICANT * deviation / len(values) ** 0.5, mean, 0.0)
        if not bool(error.any()):
            return values
        found[node] = error
        return [value - _along(node, error, value) for value in values]

    run_stepwise(program, samples, indices, after=correct)
    for node, error in found.items():
        bias = attribute(program, bind(node)["bias"])
        old = torch.zeros_like(error) if bias is None else bias.double()
        with_arguments(node, bias=new_constant(program, node, "bias", old - error))
    program.recompile()
    return [node.name for node in found]


def _has_bias(program: GraphModule, node: Node) -> bool:
    if not (weighted(node) or (node.op == "call_function" and is_transposed(node))):
        return False
    bias = bind(node)["bias"]
    return bias is None or attribute(program, bias) is not None


def _axis(node: Node, value: Tensor) -> int:
    """Of the channels in a layer's results."""
    return value.dim() - 1 if target_name(node) == "aten.linear.default" else 1


def _mean(node: Node, value: Tensor) -> Tensor:
    axis = _axis(node, value)
    return value.movedim(axis, 0).reshape(value.shape[axis], -1).mean(1)


def _along(node: Node, channels: Tensor, value: Tensor) -> Tensor:
    return channels.reshape([-1 if i == _axis(node, value) else 1 for i in range(value.dim())])


def _means(
    module: GraphModule, samples: Samples, indices: Sequence[int], nodes: Sequence[Node]
) -> Mapping[Node, Tensor]:
    """Of each sample's results of some layers, (samples, channels)."""
    found: dict[Node, Tensor] = {}
    chosen = set(nodes)

    def see(node: Node, values: list[Tensor]) -> list[Tensor]:
        if node in chosen:
            found[node] = torch.stack([_mean(node, value) for value in values])
        return values

    run_stepwise(module, samples, indices, after=see)
    return found
