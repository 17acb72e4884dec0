"""Weights rounded so that a layer's results, not its weights, stay close to the float program's (GPTQ).

Rounding each weight to its nearest integer ignores what the others of its output channel can take up. Here they are
rounded one after the other; the error that each leaves in the layer's results is spread over those still to come, by
the inverse of the inputs' second moments on samples (Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization
for Generative Pre-trained Transformers", arXiv:2210.17323, algorithm 1; weights of strong inputs first). Layers come
in the program's order, each with the inputs that those before it, rounded already, give. Layers that read int16 take
back what is handed down to them too (`mcugen.frontend.gptaq`); noise of int8 values would be learnt by heart. Scales
stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.gptaq import Moments, fitted
from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.qdq import is_dequantize
from mcugen.frontend.ranges.observe import Samples
from mcugen.frontend.rewrites.folding import attribute, weighted
from mcugen.frontend.stepwise import FEWEST, run_stepwise, walk

DAMPING = 0.01
"""Of the mean second moment, added to each (section 3.3): what few samples do not show may come all the same."""


@dataclass(frozen=True)
class _Layer:
    """A convolution or linear layer whose weights are constants.

    Attributes:
        node: in the quantized program; `weight`: its operand; `stored`: (O, I / groups, ...), that operand's integers.
        weights: (O, I / groups, ...), the float program's.
        scales: (O,).
        low, high: limits of the integers.
    """

    node: Node
    weight: Node
    stored: Tensor
    weights: Tensor
    scales: Tensor
    low: int
    high: int

    @property
    def arguments(self) -> dict[str, Any]:
        return bind(self.node)

    @property
    def groups(self) -> int:
        return int(self.arguments.get("groups", 1))

    @property
    def wide(self) -> bool:
        """Whether it reads int16."""
        source = self.arguments["input"]
        while not is_dequantize(source):
            if not source.all_input_nodes:
                return False
            source = source.all_input_nodes[0]
        return bool(bind(source)["dtype"] == torch.int16)

    def round(self, inputs: Sequence[Tensor], floats: Sequence[Tensor] | None) -> Tensor:
        """New integers, in place; returns the weights that they stand for, float64.

        Args:
            inputs: of the layer, on each sample.
            floats: the same of the float program; None where weights need not take back what is handed down.
        """
        weights = self.weights.reshape(self.groups, len(self.weights) // self.groups, -1)
        if floats is None:
            moments = sum((rows.mT @ rows for rows in map(self._rows, inputs)), torch.zeros(()))
            found = self._rounded(weights, moments, DAMPING)
        else:
            first, second = (
                Moments.of((self._rows(x), self._rows(f)) for x, f in zip(inputs[i::2], floats[i::2], strict=True))
                for i in (0, 1)
            )
            found = fitted(weights, (first, second), self._rounded)
        real = found.reshape(self.weights.shape)
        self.stored.copy_((real / self._along(self.scales, real)).round())
        return real

    def _rounded(self, weights: Tensor, moments: Tensor, damping: float) -> Tensor:
        scales = self.scales.reshape(self.groups, -1)
        parts = zip(weights, scales, moments, strict=True)
        integers = torch.stack([rounded(*part, self.low, self.high, damping) for part in parts])
        return integers * scales[:, :, None]

    @staticmethod
    def _along(channels: Tensor, weights: Tensor) -> Tensor:
        return channels.reshape([-1] + [1] * (weights.dim() - 1))

    def _rows(self, x: Tensor) -> Tensor:
        """What meets a row of weights: (groups, positions, depth)."""
        if target_name(self.node) == "aten.linear.default":
            return x.reshape(1, -1, x.shape[-1])
        spatial = self.weights.dim() - 2
        image = x if x.dim() == spatial + 2 else x.unsqueeze(0)
        kernel, stride, dilation = (
            _pair(value, spatial, 1)
            for value in (self.weights.shape[2:], self.arguments["stride"], self.arguments["dilation"])
        )
        image = image if spatial == 2 else image.unsqueeze(2)
        image = torch.nn.functional.pad(image, self._padding(spatial))
        columns = torch.nn.functional.unfold(image, kernel, dilation=dilation, stride=stride)
        # (images, groups * depth, positions)
        parts = columns.reshape(len(columns), self.groups, -1, columns.shape[-1]).movedim((1, 3), (0, 2))
        return parts.reshape(self.groups, -1, parts.shape[-1])

    def _padding(self, spatial: int) -> list[int]:
        """As `torch.nn.functional.pad` wants it: the last axis first, before and behind."""
        given = self.arguments["padding"]
        if given == "valid":
            return [0] * 4
        if given == "same":
            steps = zip(
                _pair(self.arguments["dilation"], spatial, 1), _pair(self.weights.shape[2:], spatial, 1), strict=True
            )
            totals = [dilation * (kernel - 1) for dilation, kernel in steps]
            return [side for total in reversed(totals) for side in (total // 2, total - total // 2)]
        return [side for one in reversed(_pair(given, spatial, 0)) for side in (one, one)]


def _pair(value: Any, spatial: int, missing: int) -> tuple[int, int]:
    """Numbers of the height and the width; an axis of one dimension is the width."""
    numbers = [int(v) for v in value] if isinstance(value, list | tuple) else [int(value)]
    height, width = (numbers * 2)[:2] if spatial == 2 else (missing, numbers[0])
    return height, width


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
    twins = {node.name: node for node in reference.graph.nodes}
    layers = {
        node: layer
        for node in program.graph.nodes
        if weighted(node) and (layer := _layer(program, node, reference, twins.get(node.name))) is not None
    }
    changed = []
    # In step with the program, so that of the float values too no more are held than are still to be read.
    beside = walk(reference, samples, indices) if any(layer.wide for layer in layers.values()) else iter(())

    def before(node: Node, operands: dict[Node, list[Tensor]]) -> None:
        if (layer := layers.get(node)) is None:
            return
        old = layer.stored.clone()
        floats = None
        if layer.wide:
            floats = next((given[bind(twin)["input"]] for twin, given in beside if twin.name == node.name), None)
        weights = layer.round(operands[layer.arguments["input"]], floats)
        if not torch.equal(layer.stored, old):
            operands[layer.weight] = [weights] * len(indices)
            changed.append(node.name)

    run_stepwise(program, samples, indices, before=before)
    return changed


def _layer(program: GraphModule, node: Node, reference: GraphModule, twin: Node | None) -> _Layer | None:
    """None where weights are no constants of one reader, with a scale for each output channel."""
    weight = bind(node)["weight"]
    if twin is None or twin.target != node.target or not isinstance(weight, Node) or not is_dequantize(weight):
        return None
    given = bind(weight)
    stored, scales = attribute(program, given["input"]), attribute(program, given.get("scales"))
    weights = attribute(reference, bind(twin)["weight"])
    if stored is None or scales is None or weights is None or given["axis"] != 0:
        return None
    if len(weight.users) != 1 or len(given["input"].users) != 1:
        return None
    return _Layer(node, weight, stored, weights.double(), scales.double(), given["quant_min"], given["quant_max"])


def rounded(weights: Tensor, scales: Tensor, moments: Tensor, low: int, high: int, damping: float = DAMPING) -> Tensor:
    """Integers q for which x (q * scales)^T is close to x weights^T, for inputs x with given second moments.

    Args:
        weights: (O, I), float64.
        scales: (O,), float64.
        moments: (I, I), the sum of x^T x over inputs x, float64.
        low, high: limits of the integers.
        damping: of the mean second moment, added to each.

    Returns:
        (O, I), float64.
    """
    mean = float(moments.diagonal().mean())
    if mean == 0:
        return (weights / scales[:, None]).round().clamp(low, high)
    order = moments.diagonal().argsort(descending=True, stable=True)
    damped = moments[order][:, order] + damping * mean * torch.eye(len(order), dtype=moments.dtype)
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
    left, integers = weights[:, order], torch.empty_like(weights)
    for column, target in enumerate(order):
        integer = (left[:, column] / scales).round().clamp(low, high)
        error = (left[:, column] - integer * scales) / upper[column, column]
        left[:, column:] -= error[:, None] * upper[column, column:]
        integers[:, target] = integer
    return integers
