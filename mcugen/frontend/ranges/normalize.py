"""Inputs whose channels have very different ranges, normalised at the model's border.

An int8 input has one scale. Features of ranges 0.01 to 1000 do not survive it, whatever the model does with them behind
it; so the model then takes (real - offset) / factor, with an offset and a factor for each channel, and the layer that
reads the input absorbs both. Who feeds the device applies them when quantizing, at no cost in the firmware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import shape_of
from mcugen.frontend.ranges.affine import Affine, Push
from mcugen.frontend.ranges.observe import Samples, arguments, inputs_of, is_free, spread_evenly
from mcugen.frontend.ranges.outliers import kept_samples
from mcugen.graph.graph import Normalization
from mcugen.graph.quantization import normalize

FEWEST_STEPS = 16
"""A channel that uses fewer of the input's 255 steps than this is worth a scale of its own."""

MOST_CHANNELS = 1024
"""Beyond this, an axis is taken for positions, not for features."""

_SENSITIVITY_SAMPLES = 8
_DEVIATIONS = 4.0

Normalizations = Mapping[str, Normalization]
"""By the name of the placeholder."""


@dataclass(frozen=True)
class _Ranges:
    """Over all samples, for each index along one axis."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]

    @property
    def spread(self) -> npt.NDArray[np.float64]:
        return self.high - self.low


def normalize_inputs(module: GraphModule, samples: Samples) -> Normalizations:
    """Normalises every input that needs it and whose readers can absorb it; changes the program in place."""
    found: dict[str, Normalization] = {}
    for node in inputs_of(module):
        if not is_free(samples, node):
            continue
        shape = shape_of(node)
        for axis in (1, *range(len(shape) - 1, 1, -1)):
            if axis >= len(shape) or not 1 < shape[axis] <= MOST_CHANNELS:
                continue
            ranges = channel_ranges(samples[node.name], axis)
            if not needs_normalizing(ranges):
                continue
            chosen = _normalize(module, node, axis, ranges, samples)
            if chosen is not None:
                found[node.name] = chosen
                break
    return found


def normalized(samples: Samples, normalizations: Normalizations) -> Samples:
    """What the rewritten program takes instead of the samples."""
    return {
        name: _normalized(array, normalizations[name]) if name in normalizations else array
        for name, array in samples.items()
    }


def _normalized(array: npt.NDArray[np.generic], by: Normalization) -> npt.NDArray[np.float32]:
    return normalize(array, None if by.axis is None else by.axis + 1, by.factors, by.offsets)


def combined(first: Normalizations, then: Normalizations) -> Normalizations:
    """Both, one behind the other; those of `then` have one factor and no offset."""
    both = dict(first)
    for name, extra in then.items():
        known = both.get(name)
        (factor,) = extra.factors
        both[name] = replace(known, factors=tuple(f * factor for f in known.factors)) if known else extra
    return both


def channel_ranges(array: npt.NDArray[np.generic], axis: int) -> _Ranges:
    """Statistics for each index along `axis` of the input, which is one further in the samples; without outliers."""
    channels = np.moveaxis(array, axis + 1, 0).reshape(array.shape[axis + 1], len(array), -1).astype(np.float64)
    kept = [_usual(channel).reshape(-1) for channel in channels]
    low, high, mean, deviation = (np.array([f(v) for v in kept]) for f in (np.min, np.max, np.mean, np.std))
    return _Ranges(low, high, mean, deviation)


def _usual(channel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(samples, values) without the samples that reach much further from the median than the others."""
    around = channel - np.median(channel)
    return channel[kept_samples(around.min(axis=1).tolist(), around.max(axis=1).tolist())]


def needs_normalizing(ranges: _Ranges) -> bool:
    """Whether one scale over the whole input leaves a channel that varies fewer than `FEWEST_STEPS`."""
    step = (max(ranges.high.max(), 0.0) - min(ranges.low.min(), 0.0)) / 255
    varying = ranges.spread > 0
    return bool(varying.any() and (ranges.spread[varying] < FEWEST_STEPS * step).any())


def _normalize(module: GraphModule, node: Node, axis: int, ranges: _Ranges, samples: Samples) -> Normalization | None:
    for centred in (True, False):
        normalization = _choose(module, node, axis, ranges, samples, centred=centred)
        shape = [-1 if i == axis else 1 for i in range(len(shape_of(node)))]
        factor, offset = (
            torch.tensor(v, dtype=torch.float64).reshape(shape).expand(shape_of(node)).contiguous()
            for v in (normalization.factors, normalization.offsets)
        )
        push = Push(module)
        if push.through_users(node, Affine(factor, offset)):
            push.apply()
            return normalization
    return None


def _choose(
    module: GraphModule, node: Node, axis: int, ranges: _Ranges, samples: Samples, *, centred: bool
) -> Normalization:
    """Into [-1, 1] for every channel that varies; a constant channel gets the others' weight in the model.

    Four standard deviations make 1 where the values stay within them: a channel's few samples then do not fill the
    range to its end, and there is room for more.
    """
    varying = ranges.spread > 0
    offsets = np.where(varying, ranges.mean, ranges.low) if centred else np.zeros_like(ranges.low)
    reach = np.maximum(ranges.high - offsets, offsets - ranges.low)
    factors = np.maximum(reach, _DEVIATIONS * np.hypot(ranges.deviation, ranges.mean - offsets))
    usual = np.median(factors[varying])
    factors = np.where(varying, factors, usual)
    if centred and not varying.all():
        influence = _sensitivity(module, node, axis, samples)
        wanted = np.median((influence * factors)[varying])
        known = ~varying & (influence > 0)
        factors[known] = wanted / influence[known]
    return Normalization(axis, tuple(map(_short, factors)), tuple(map(_short, offsets)))


def _short(value: float) -> float:
    """Four significant digits: it ends up in headers and users' code, and no last bit of a sum decides it."""
    return float(np.float32(f"{value:.3e}"))


def _sensitivity(module: GraphModule, node: Node, axis: int, samples: Samples) -> npt.NDArray[np.float64]:
    """How much the results change with each channel: mean magnitude of the gradient of a seeded mix of the results."""
    from torch.utils._pytree import tree_leaves

    index = [n for n in module.graph.nodes if n.op == "placeholder"].index(node)
    generator = torch.Generator().manual_seed(0)
    total: torch.Tensor | None = None
    for sample in spread_evenly(samples, _SENSITIVITY_SAMPLES):
        with torch.enable_grad():
            inputs = arguments(module, samples, sample)
            x = inputs[index] = inputs[index].clone().requires_grad_(True)
            outputs = [o for o in tree_leaves(module(*inputs)) if isinstance(o, torch.Tensor) and o.requires_grad]
            if not outputs:
                break
            mix = torch.stack([(o * torch.randn(o.shape, generator=generator)).sum() for o in outputs]).sum()
            (gradient,) = torch.autograd.grad(mix, x, allow_unused=True)
        if gradient is None:
            break
        rows = gradient.detach().double().abs().movedim(axis, 0).reshape(x.shape[axis], -1).mean(dim=1)
        total = rows if total is None else total + rows
    result: npt.NDArray[np.float64] = np.zeros(shape_of(node)[axis]) if total is None else total.numpy()
    return result
