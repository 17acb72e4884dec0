"""Weights rounded so that a layer's results, not its weights, stay close to the float program's (GPTQ).

Rounding each weight to its nearest integer ignores what the others of its output channel can take up. Here they are
rounded one after the other; the error that each leaves in the layer's results is spread over those still to come, by
the inverse of the inputs' second moments on samples (Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization
for Generative Pre-trained Transformers", arXiv:2210.17323, algorithm 1; weights of strong inputs first). Layers come
in the program's order, each with the inputs that those before it, rounded already, give. Layers that read int16 take
back what is handed down to them too (`mcugen.frontend.fitting.gptaq`); noise of int8 values would be learnt by heart.
Scales stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.fitting.gptaq import Moments, fitted
from mcugen.frontend.fitting.layer import Layer, along, layers_of
from mcugen.frontend.fitting.stepwise import FEWEST, run_stepwise, walk
from mcugen.frontend.lowering.arguments import bind
from mcugen.frontend.ranges.observe import Samples

DAMPING = 0.01
"""Of the mean second moment, added to each (section 3.3): what few samples do not show may come all the same."""


def round_weights(program: GraphModule, reference: GraphModule, samples: Samples, indices: Sequence[int]) -> list[str]:
    """Changes the integers of a quantized program's weights, in place.

    Args:
        program: in q/dq form.
        reference: the float program of which it was made; its layers have the same names.
        samples: by input name, what both take.
        indices: of the samples to be used.

    Returns:
        The names of the layers whose weights were changed; none with fewer than `FEWEST` samples.
    """
    if len(indices) < FEWEST:
        return []
    layers = layers_of(program, reference)
    changed = []
    # In step with the program, so that of the float values too no more are held than are still to be read.
    beside = walk(reference, samples, indices) if any(layer.wide for layer in layers.values()) else iter(())

    def before(node: Node, operands: dict[Node, list[Tensor]]) -> None:
        if (layer := layers.get(node)) is None:
            return
        old = layer.stored.clone()
        floats = None
        if layer.wide:
            floats = next((given[bind(twin)["input"]] for twin, given in beside if twin is layer.twin), None)
        weights = _round(layer, operands[layer.arguments["input"]], floats)
        if not torch.equal(layer.stored, old):
            operands[layer.weight] = [weights] * len(indices)
            changed.append(node.name)

    run_stepwise(program, samples, indices, before=before)
    return changed


def _round(layer: Layer, inputs: Sequence[Tensor], floats: Sequence[Tensor] | None) -> Tensor:
    """New integers, in place; returns the weights that they stand for, float64.

    Args:
        inputs: of the layer, on each sample.
        floats: the same of the float program; None where weights need not take back what is handed down.
    """
    scales = layer.scales.double().reshape(layer.groups, -1)

    def rounding(weights: Tensor, moments: Tensor, damping: float) -> Tensor:
        return rounded(weights, scales, moments, layer.low, layer.high, damping) * scales[:, :, None]

    weights = layer.weights.reshape(layer.groups, len(layer.weights) // layer.groups, -1)
    if floats is None:
        moments = sum((rows.mT @ rows for rows in map(layer.rows, inputs)), torch.zeros(()))
        found = rounding(weights, moments, DAMPING)
    else:
        first, second = (
            Moments.of((layer.rows(x), layer.rows(f)) for x, f in zip(inputs[i::2], floats[i::2], strict=True))
            for i in (0, 1)
        )
        found = fitted(weights, (first, second), rounding)
    real = found.reshape(layer.weights.shape)
    layer.stored.copy_((real / along(layer.scales, real)).round())
    return real


def rounded(weights: Tensor, scales: Tensor, moments: Tensor, low: int, high: int, damping: float = DAMPING) -> Tensor:
    """Integers q for which x (q * scales)^T is close to x weights^T, for inputs x with given second moments.

    Args:
        weights: (G, O, I), float64: of each group.
        scales: (G, O), float64.
        moments: (G, I, I), the sums of x^T x over inputs x, float64.
        low, high: limits of the integers.
        damping: of the mean second moment, added to each.

    Returns:
        (G, O, I), float64.
    """
    diagonal = moments.diagonal(dim1=1, dim2=2)
    order = diagonal.argsort(dim=1, descending=True, stable=True)
    group = torch.arange(len(order))[:, None]
    sorted_moments = moments[group[:, :, None], order[:, :, None], order[:, None, :]]
    # Where all inputs are 0 any rounding does: the nearest.
    added = torch.where(diagonal.any(1), damping * diagonal.mean(1), 1.0)
    damped = sorted_moments + added[:, None, None] * torch.eye(order.shape[1], dtype=moments.dtype)
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
    left, integers = weights.gather(2, order[:, None].expand_as(weights)), torch.empty_like(weights)
    for column in range(order.shape[1]):
        integer = (left[:, :, column] / scales).round().clamp(low, high)
        error = (left[:, :, column] - integer * scales) / upper[:, column, column, None]
        left[:, :, column:] -= error[:, :, None] * upper[:, None, column, column:]
        integers[group, :, order[:, column, None]] = integer[:, None]
    return integers
