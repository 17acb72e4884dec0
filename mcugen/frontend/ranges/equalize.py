"""Cross-layer equalization: the channels of an activation brought to like ranges, by factors that the layer in front of
it gives and the layers behind it take (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias
Correction", arXiv:1906.04721, section 4.1).

An activation has one scale. A channel whose range is a hundredth of another's has seven bits less than that one. The
layer in front has weights with a scale for each output channel, which lose nothing by factors; the layers behind have
one over all input channels, unless they are depthwise. What is best therefore depends on the network: the paper's rule,
with activations in place of the first layer's weights, gives both sides half of the difference. Here both that and
factors that make all channels alike are rehearsed on samples, and the better is taken where it gains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, shape_of, target_name
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.ranges.affine import Affine, Push
from mcugen.frontend.ranges.observe import Samples, spread_evenly, visit
from mcugen.frontend.ranges.rehearsed import parameters, power, rounded_activations, rounded_weights, run
from mcugen.frontend.rewrites.folding import ScaleShift, attribute, scale_outputs, scaled_parameters, weighted

WORTHWHILE = 2.0
"""By which the noise of the layers behind must fall (3 dB) for factors to be tried."""

UNEVEN = 4.0
"""Channels whose ranges differ by less are left alone."""

ROOM = 2.0
"""A bound of an activation (relu6) stays one for all channels: it must be so many times further than what the samples
reach in any channel that now meets it earlier."""

_STEPS_PER_OCTAVE = 8
_SAMPLES, _MOST_BYTES = 16, 2**27
_SMALLEST = 2.0**-16


def equalize(module: GraphModule, samples: Samples, worthwhile: float = WORTHWHILE) -> list[str]:
    """Equalizes what gains by it, in place.

    Args:
        worthwhile: by which the noise of the layers behind must fall.

    Returns:
        The names of the layers whose results were scaled.
    """
    layers = [node for node in module.graph.nodes if _is_layer(module, node)]
    if not layers:
        return []
    seen = _observe(module, samples, layers)
    changed = []
    for layer in layers:
        if _equalize(module, layer, seen, worthwhile):
            changed.append(layer.name)
    return changed


def _is_layer(module: GraphModule, node: Node) -> bool:
    if not weighted(node):
        return False
    bound = bind(node)
    constant = attribute(module, bound["weight"]) is not None
    return constant and (bound["bias"] is None or attribute(module, bound["bias"]) is not None)


@dataclass(frozen=True)
class _Seen:
    """Values on samples.

    Attributes:
        low, high: of each layer's results and of the activations directly behind it, along the channels.
        inputs: what each layer reads, sample by sample.
    """

    low: dict[Node, Tensor]
    high: dict[Node, Tensor]
    inputs: dict[Node, list[Tensor]]


def _axis(layer: Node) -> int:
    """Of the channels in a layer's results."""
    return len(shape_of(layer)) - 1 if bind(layer)["weight"].meta["val"].dim() == 2 else 1


def _activations(layer: Node) -> Iterator[Node]:
    """A layer, and the activations directly behind it."""
    node = layer
    yield node
    while len(node.users) == 1:
        node = next(iter(node.users))
        row = ROWS.get(target_name(node)) if node.op == "call_function" else None
        if row is None or row.role is not Role.ACTIVATION:
            return
        yield node


def _observe(module: GraphModule, samples: Samples, layers: Sequence[Node]) -> _Seen:
    seen = _Seen({}, {}, {})
    axes = {node: _axis(layer) for layer in layers for node in _activations(layer)}
    read = {bind(layer)["input"] for layer in layers}
    size = 4 * sum(node.meta["val"].numel() for node in read)
    most = max(2, min(_SAMPLES, _MOST_BYTES // max(size, 1)))

    def see(_: int, node: Node, value: Tensor) -> None:
        if node in read:
            seen.inputs.setdefault(node, []).append(value)
        if node in axes:
            rows = value.movedim(axes[node], 0).reshape(value.shape[axes[node]], -1)
            low, high = rows.min(dim=1).values, rows.max(dim=1).values
            seen.low[node] = torch.minimum(seen.low.get(node, low), low)
            seen.high[node] = torch.maximum(seen.high.get(node, high), high)

    visit(module, samples, spread_evenly(samples, most), see)
    return seen


def _equalize(module: GraphModule, layer: Node, seen: _Seen, worthwhile: float) -> bool:
    end = list(_activations(layer))[-1]
    if end not in seen.low:
        return False
    reach = torch.maximum(-seen.low[end], seen.high[end]).clamp_min(0).double()
    alive = reach > 0
    if not bool(alive.any()) or float(reach.max() / reach[alive].min()) < UNEVEN:
        return False
    labels = torch.arange(1, len(reach) + 1, dtype=torch.float64)
    trial = Push(module, holds=lambda *_: True)
    if not trial.through_users(layer, _spread(labels, layer)) or not trial.layers:
        return False
    readers = [(reader, channels.scale.long() - 1) for reader, channels in trial.layers]
    before = _noise(module, readers, torch.ones_like(reach), seen)
    best, chosen = before, None
    for factors in _candidates(module, layer, readers, reach, seen):
        found = _noise(module, readers, factors, seen)
        if found < best:
            best, chosen = found, factors
    if chosen is None or best * worthwhile > before:
        return False
    push = Push(module, holds=lambda node, affine: _holds(layer, node, affine, seen))
    if not push.through_users(layer, _spread(chosen, layer)):
        return False
    scale_outputs(module, layer, 1 / chosen)
    push.apply()
    # What the readers read is smaller now; layers that come later are judged by what they will read.
    for source, (reader, channel) in {bind(pair[0])["input"]: pair for pair in readers}.items():
        seen.inputs[source] = [value / _along(chosen[channel], reader, value) for value in seen.inputs[source]]
    return True


def _spread(factors: Tensor, layer: Node) -> Affine:
    """A factor for each channel of a layer's results."""
    shape, axis = shape_of(layer), _axis(layer)
    factor = factors.reshape([-1 if i == axis else 1 for i in range(len(shape))]).expand(shape).contiguous()
    return Affine(factor, torch.zeros_like(factor))


def _along(factors: Tensor, reader: Node, value: Tensor) -> Tensor:
    """Factors of a reader's input channels, to be multiplied with what it reads."""
    axis = value.dim() - 1 if bind(reader)["weight"].meta["val"].dim() == 2 else 1
    return factors.float().reshape([-1 if i == axis else 1 for i in range(value.dim())])


def _candidates(
    module: GraphModule, layer: Node, readers: Sequence[tuple[Node, Tensor]], reach: Tensor, seen: _Seen
) -> Iterator[Tensor]:
    """Factors of up to 1: all channels alike; and half of their difference left to the weights behind."""
    weights = torch.zeros_like(reach)
    for reader, channel in readers:
        columns = _columns(module, reader)
        weights = weights.scatter_reduce(0, channel, columns, "amax")
    both = (reach > 0) & (weights > 0)
    for wanted in (reach, torch.where(both, (reach / weights.clamp_min(1e-30)).sqrt(), 0.0)):
        factors = torch.where(wanted > 0, wanted / wanted.max(), 1.0).clamp_min(_SMALLEST)
        # On a grid, so that last bits of float arithmetic do not show; upwards, so that nothing gets a wider range.
        factors = torch.exp2(torch.ceil(factors.log2() * _STEPS_PER_OCTAVE) / _STEPS_PER_OCTAVE)
        yield torch.maximum(factors, _least(layer, seen)).clamp_max(1.0)


def _columns(module: GraphModule, reader: Node) -> Tensor:
    """The largest weight of each input channel, each output channel's largest being 1."""
    weight, _ = parameters(module, reader)
    groups = bind(reader).get("groups", 1)
    rows = weight.double().abs().reshape(weight.shape[0], weight.shape[1], -1).amax(2)
    rows = rows / rows.amax(1, keepdim=True).clamp_min(1e-30)
    return rows.reshape(groups, -1, weight.shape[1]).amax(1).reshape(-1)


def _bounds(node: Node) -> tuple[float | None, float | None]:
    """Of an activation; 0 is none, since any positive factor leaves it where it is."""
    row = ROWS[target_name(node)]
    assert row.bounds is not None
    low, high = row.bounds(node)
    return low or None, high or None


def _least(layer: Node, seen: _Seen) -> Tensor:
    """The smallest factors under which the bounds of the activations behind a layer are out of reach."""
    least = torch.zeros_like(seen.low[layer]).double()
    for node in list(_activations(layer))[1:]:
        low, high = _bounds(node)
        source = node.all_input_nodes[0]
        if high is not None:
            least = torch.maximum(least, ROOM * seen.high[source].double() / high if high > 0 else least + 1)
        if low is not None:
            least = torch.maximum(least, ROOM * seen.low[source].double() / low if low < 0 else least + 1)
    return least


def _holds(layer: Node, node: Node, affine: Affine, seen: _Seen) -> bool:
    """Whether the bound of an activation is directly behind the layer, and out of reach wherever a factor is not 1."""
    if node not in list(_activations(layer)):
        return False
    factors = affine.per_channel(_axis(layer))
    return factors is not None and bool(((factors.scale == 1) | (factors.scale >= _least(layer, seen))).all())


def _noise(module: GraphModule, readers: Sequence[tuple[Node, Tensor]], factors: Tensor, seen: _Seen) -> float:
    """Noise over signal, summed over the readers, were what they read divided by factors, their weights multiplied."""
    total = 0.0
    for reader, channel in readers:
        values = seen.inputs[bind(reader)["input"]]
        weight, bias = parameters(module, reader)
        taken = factors[channel]
        scaled = scaled_parameters(module, reader, ScaleShift(taken, torch.zeros_like(taken)))[0].float()
        rounded = rounded_activations([value / _along(taken, reader, value) for value in values])
        signal = noise = 0.0
        for value, integers in zip(values, rounded, strict=True):
            wanted = run(reader, value, weight, bias)
            signal += float(wanted.double().square().sum())
            noise += power(run(reader, integers, rounded_weights(scaled), bias), wanted)
        total += noise / max(signal, 1e-30)
    return total
