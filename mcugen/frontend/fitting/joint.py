"""Weights and their scales adjusted for the program's results, all layers together.

Rounding one layer after the other (`gptq`) keeps each layer's results close, whatever the program makes of them. A
program has few results and many weights: some roundings of single weights cancel in the results, and which ones they
are the derivatives of the results by the weights tell. Near the float program results are linear in small changes of
weights, so both steps are least squares problems:

1. the scale of each output channel, a real number: ridge regression;
2. the integers: one after the other, in random order, is moved by a step where that takes more from the results'
   errors than `RELUCTANCE` asks for (coordinate descent on the layers' roundings; Nagel et al. 2020, "Up or Down?
   Adaptive Rounding for Post-Training Quantization", arXiv:2004.10568, section 3 has the problem, for a layer).

The errors of int8 activations are no function of the weights, so this is for programs whose layers read int16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves

from mcugen.frontend.fitting.layer import Layer, along, layers_of
from mcugen.frontend.fitting.stepwise import FEWEST, Double
from mcugen.frontend.lowering.arguments import bind
from mcugen.frontend.ranges.observe import STATE, Samples, arguments, results
from mcugen.frontend.rewrites.folding import weighted

Array = NDArray[np.float64]

LARGEST = 1 << 25
"""Derivatives that are held, of 8 bytes each: one for each result on each sample by each weight."""

MOST_RESULTS = 1024
"""Over all samples: each costs a pass back through the program."""

RIDGE = 0.1
"""Of the mean second moment of the derivatives by scales: few samples say little about many channels."""

RELUCTANCE = 0.5
"""By how much more than it takes to gain at all a moved integer must gain, in parts of its own effect on results."""

UNSEEN = 0.001
"""The same, in parts of the mean effect: weights that samples hardly show stay as they are."""

SWEEPS = 3

SCALE_STEPS = 2.0**20
"""Changes of scales are multiples of one over this, so that the last bits of float arithmetic do not decide."""


def adjust_jointly(program: GraphModule, reference: GraphModule, samples: Samples, indices: Sequence[int]) -> list[str]:
    """Changes the scales and integers of a quantized program's weights, in place, where that brings results closer.

    Args:
        program: in q/dq form.
        reference: the float program of which it was made; its layers have the same names.
        samples: by input name, what both take.
        indices: of the samples to be used.

    Returns:
        The names of the layers that were changed: none with fewer than `FEWEST` samples, in programs with states, where
        a layer does not read int16, and where there are more than `MOST_RESULTS`, or derivatives than `LARGEST`.
    """
    layers = [layer for layer in layers_of(program, reference).values() if layer.stored.numel()]
    if len(indices) < FEWEST or not _is_function_of(layers, program):
        return []
    wanted = [_real_results(results(reference, samples, index)) for index in indices]
    rows = sum(map(len, wanted))
    if not 0 < rows * sum(layer.stored.numel() for layer in layers) <= LARGEST or rows > MOST_RESULTS:
        return []
    before = [(layer.stored.clone(), layer.scales.clone()) for layer in layers]
    fit = _Fit(program, reference, layers, samples, indices, wanted)
    slopes = fit.slopes()
    if np.isfinite(slopes).all():
        fit.change([layer.scales for layer in layers], lambda errors: fit.new_scales(slopes, errors))
        fit.change([layer.stored for layer in layers], lambda errors: fit.new_integers(slopes, errors))
    return [
        layer.node.name
        for layer, (stored, scales) in zip(layers, before, strict=True)
        if not (torch.equal(layer.stored, stored) and torch.equal(layer.scales, scales))
    ]


def _is_function_of(layers: Sequence[Layer], program: GraphModule) -> bool:
    """Whether the program's errors are those of the layers' weights, each layer with weights of its own."""
    stateful = any(STATE in node.meta for node in program.graph.nodes)
    weights = {bind(layer.twin)["weight"] for layer in layers}
    every = sum(1 for node in program.graph.nodes if weighted(node))
    return not stateful and 0 < len(weights) == len(layers) == every and all(layer.wide for layer in layers)


def _real_results(found: Any) -> Tensor:
    """The results of one sample that are real numbers, float64 (results,)."""
    tensors = [leaf for leaf in tree_leaves(found) if isinstance(leaf, Tensor)]
    real = [tensor.double().reshape(-1) for tensor in tensors if tensor.is_floating_point()]
    return torch.cat(real) if real else torch.zeros(0, dtype=torch.float64)


class _Given(Double):
    """The float program with other weights: by the nodes that read them."""

    def __init__(self, module: GraphModule, weights: Mapping[Node, Tensor]) -> None:
        super().__init__(module)
        self._weights = weights

    def run_node(self, n: Node) -> Any:
        return self._weights[n] if n in self._weights else super().run_node(n)


@dataclass(frozen=True)
class _Fit:
    """A quantized program whose results are to come closer to those of the float program, `wanted` on each sample."""

    program: GraphModule
    reference: GraphModule
    layers: Sequence[Layer]
    samples: Samples
    indices: Sequence[int]
    wanted: Sequence[Tensor]

    def change(self, tensors: Sequence[Tensor], found: Callable[[Array], Array]) -> None:
        """Puts new numbers into tensors, and the old ones back where the results are no closer with the new ones.

        Args:
            tensors: one of each layer.
            found: results' errors -> numbers of all layers, one after the other.
        """
        old, errors = [tensor.clone() for tensor in tensors], self._errors()
        new = torch.split(torch.as_tensor(found(errors)), [tensor.numel() for tensor in tensors])
        _copy(new, tensors)
        now = self._errors()
        if not now @ now < errors @ errors:
            _copy(old, tensors)

    @property
    def _counts(self) -> Array:
        """What each sample's results count: by their own power, or a hundredth of the usual one."""
        powers = np.array([float(wanted.square().sum()) for wanted in self.wanted])
        usual = float(np.median(powers)) or float(powers.mean())
        return np.asarray((powers + 0.01 * usual + 1e-30) ** -0.5)

    def _errors(self) -> Array:
        """Of the quantized program's results, over all samples: (rows,)."""
        found = [_real_results(results(self.program, self.samples, index)) for index in self.indices]
        parts = zip(found, self.wanted, self._counts, strict=True)
        return np.concatenate([(got - wanted).numpy() * count for got, wanted, count in parts])

    def slopes(self) -> Array:
        """Derivatives of the results by the weights, of the float program with rounded weights: (weights, rows)."""
        given = {bind(layer.twin)["weight"]: layer.real.requires_grad_() for layer in self.layers}
        found = np.empty((sum(map(Tensor.numel, given.values())), sum(map(len, self.wanted))))
        row = 0
        for index, count in zip(self.indices, self._counts, strict=True):
            with torch.enable_grad():
                made = _Given(self.reference, given).run(*arguments(self.reference, self.samples, index))
                for result in _real_results(made):
                    found[:, row] = _derivatives(result, list(given.values())) * count
                    row += 1
        return found

    def new_scales(self, slopes: Array, errors: Array) -> Array:
        parts = np.split(slopes, np.cumsum([layer.stored.numel() for layer in self.layers[:-1]]))
        channels = np.concatenate(
            [
                np.einsum("cwr,cw->cr", part.reshape(*layer.real.flatten(1).shape, -1), layer.real.flatten(1).numpy())
                for layer, part in zip(self.layers, parts, strict=True)
            ]
        )
        moments = channels @ channels.T
        moments[np.diag_indices_from(moments)] += RIDGE * np.trace(moments) / len(moments) + 1e-30
        change = np.round(np.linalg.solve(moments, -channels @ errors) * SCALE_STEPS) / SCALE_STEPS
        return _joined(layer.scales for layer in self.layers) * np.maximum(1 + change, 0.5)

    def new_integers(self, slopes: Array, errors: Array) -> Array:
        layers = self.layers
        start = _joined(layer.stored for layer in layers)
        low, high, steps = (
            _joined(number.expand(layer.stored.shape) for number, layer in zip(numbers, layers, strict=True))
            for numbers in (
                [torch.tensor(layer.low) for layer in layers],
                [torch.tensor(layer.high) for layer in layers],
                [along(layer.scales, layer.stored) for layer in layers],
            )
        )
        own = np.einsum("wr,wr->w", slopes, slopes) * steps**2
        price = RELUCTANCE * own + UNSEEN * own.mean()
        integers, left, random = start.copy(), errors.copy(), np.random.default_rng(0)
        for place in (place for _ in range(SWEEPS) for place in random.permutation(np.flatnonzero(own))):
            effect = slopes[place] * steps[place]
            pull = -(effect @ left) - price[place] * (integers[place] - start[place])
            step = 1.0 if pull > 0 else -1.0
            if 2 * abs(pull) > own[place] + price[place] and low[place] <= integers[place] + step <= high[place]:
                integers[place] += step
                left += step * effect
        return integers


def _copy(numbers: Sequence[Tensor], tensors: Sequence[Tensor]) -> None:
    for number, tensor in zip(numbers, tensors, strict=True):
        tensor.copy_(number.reshape(tensor.shape))


def _joined(tensors: Iterable[Tensor]) -> Array:
    return torch.cat([tensor.double().reshape(-1) for tensor in tensors]).numpy()


def _derivatives(result: Tensor, weights: Sequence[Tensor]) -> Array:
    if not result.requires_grad:
        return np.zeros(sum(weight.numel() for weight in weights))
    return _joined(torch.autograd.grad(result, weights, retain_graph=True, materialize_grads=True))
