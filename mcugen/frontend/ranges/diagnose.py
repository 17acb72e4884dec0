"""Calibration samples and ranges that quantization will suffer from, in words that name the input or layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import KEPT, Role
from mcugen.frontend.provenance import origin
from mcugen.frontend.ranges.clip import EVERYTHING, kept
from mcugen.frontend.ranges.observe import STATE, Samples, count, inputs_of, is_free, is_real, visit

FEW = 8
"""With fewer samples, one of them is no outlier among many."""

OUTLIER = 4.0
"""A range is one sample's alone when that sample reaches so many times further than any other."""

UNEVEN = 100.0
"""Ratio of the ranges of two channels that share one scale."""

MOST_CHANNELS = 64
"""Of an input, beyond which its channels are rather places, such as those of a picture's border, than quantities."""

MOST_BEYOND, LEAST_USED = 0.5, 1 / 16
"""Share of an input's values outside the limits that the model sets it, and of the room within them that is used."""

_NAMED = 5


@dataclass
class Seen:
    """One value over all samples, along its channels (axis 1, or the only one)."""

    low: Tensor
    high: Tensor
    reach: list[float] = field(default_factory=list)

    def add(self, low: Tensor, high: Tensor) -> None:
        self.low, self.high = torch.minimum(self.low, low), torch.maximum(self.high, high)
        self.reach.append(max(float(-low.min()), float(high.max()), 0.0))

    @property
    def is_zero(self) -> bool:
        return not bool(self.low.any() or self.high.any())

    @property
    def is_constant(self) -> bool:
        return float(self.low.min()) == float(self.high.max())

    @property
    def outlier(self) -> float | None:
        """How many times further than any other the furthest sample reaches, where that is much."""
        if len(self.reach) < FEW:
            return None
        second, first = sorted(self.reach)[-2:]
        return first / second if first > OUTLIER * second > 0 else None

    @property
    def unevenness(self) -> float:
        """Largest over smallest range of the channels that vary; 1 for a single one."""
        spread = self.high - self.low
        varying = spread[spread > 0]
        return float(varying.max() / varying.min()) if varying.numel() else 1.0


def watch(module: GraphModule, samples: Samples) -> dict[Node, Seen]:
    """The inputs and results of the program over all samples, but for what is not quantized."""
    found: dict[Node, Seen] = {}

    def see(_: int, node: Node, value: Tensor) -> None:
        if not value.numel() or KEPT in node.meta:
            return
        rows = value.movedim(1, 0).reshape(value.shape[1], -1) if value.dim() > 1 else value.reshape(1, -1)
        low, high = rows.min(dim=1).values, rows.max(dim=1).values
        found.setdefault(node, Seen(low, high)).add(low, high)

    visit(module, samples, range(count(samples)), see)
    return found


def diagnose(
    module: GraphModule, samples: Samples, inputs: Samples, given: Samples, titles: Mapping[str, str]
) -> list[str]:
    """Sentences for the user.

    Args:
        module: the float program that will be quantized.
        samples: what it takes, limited to what it does not clip.
        inputs: the same, not limited.
        given: the calibration samples as the user gave them.
        titles: the user's names of the inputs.
    """
    seen = watch(module, samples)
    # Steps of a function are no tensors of the device.
    functions = Lowering(module, ROWS, is_known).functions
    return [
        *_about_samples(given),
        *_about_inputs(module, seen, given, titles),
        *_about_limits(module, inputs, titles),
        *_about_layers({node: values for node, values in seen.items() if not functions.is_inner(node)}),
    ]


def _about_samples(samples: Samples) -> list[str]:
    advice = "the ranges are that sample's; give a hundred that are like real inputs"
    if count(samples) == 1:
        return [f"calibration has one sample: {advice}"]
    if all((array == array[:1]).all() for array in samples.values()):
        return [f"all {count(samples)} calibration samples are the same: {advice}"]
    return []


def _about_inputs(
    module: GraphModule, seen: Mapping[Node, Seen], given: Samples, titles: Mapping[str, str]
) -> list[str]:
    texts = []
    for node in inputs_of(module):
        if node not in seen:
            continue
        if not is_real(given, node):
            continue
        array = given[node.name]
        name = f"{'state' if STATE in node.meta else 'input'} {titles[node.name]!r}"
        if not array.any():
            texts.append(f"{name} is zero in all calibration samples: its range is unknown")
        elif array.min() == array.max():
            texts.append(f"{name} is {array.flat[0]:g} throughout the calibration samples: its range is unknown")
        else:
            texts += _outlier(name, seen[node]) + _uneven_input(name, seen[node]) + _constant_channels(name, array)
    return texts


def _constant_channels(name: str, array: npt.NDArray[np.generic]) -> list[str]:
    """Of an input with channels (samples, 1, channels, ...); of more than `MOST_CHANNELS` some may well never vary."""
    if array.ndim < 3 or not 1 < array.shape[2] <= MOST_CHANNELS:
        return []
    rows = np.moveaxis(array, 2, 0).reshape(array.shape[2], -1)
    constant = [int(i) for i in np.flatnonzero((rows == rows[:, :1]).all(axis=1))]
    if not constant:
        return []
    channels = f"channel{'s' * (len(constant) > 1)} {_listed([f'{i} ({rows[i, 0]:g})' for i in constant])}"
    return [
        f"{name}: {channels} never varies in the calibration samples: if it does on the device, its range is unknown"
    ]


def _about_limits(module: GraphModule, inputs: Samples, titles: Mapping[str, str]) -> list[str]:
    """Inputs that the model itself limits, to something else than what the samples are like."""
    texts = []
    for node in inputs_of(module):
        low, high = kept(node)
        if not is_free(inputs, node) or (low, high) == EVERYTHING:
            continue
        array = inputs[node.name].astype(np.float32)
        limits = f"input {titles[node.name]!r}: the model limits it to {low:g} ... {high:g}"
        advice = "are the samples scaled as the model takes them?"
        beyond = float(((array < low) | (array > high)).mean())
        used = float(array.max() - array.min()) / (high - low) if high > low else 1.0
        if beyond > MOST_BEYOND:
            texts.append(f"{limits}, and {beyond:.0%} of the calibration samples' values are beyond: {advice}")
        elif 0 < used < LEAST_USED:
            texts.append(f"{limits}, of which the calibration samples use {used:.1%}: {advice}")
    return texts


def _uneven_input(name: str, seen: Seen) -> list[str]:
    if seen.unevenness < UNEVEN:
        return []
    spread = seen.high - seen.low
    worst = int(torch.where(spread > 0, spread, torch.inf).argmin())
    return [
        f"{name}: the ranges of its channels differ {seen.unevenness:,.0f}-fold and share one scale; channel {worst} "
        "keeps the least of it: scale the channels alike before the model"
    ]


def _outlier(name: str, seen: Seen) -> list[str]:
    factor = seen.outlier
    if factor is None:
        return []
    sample = int(np.argmax(seen.reach))
    return [f"{name}: calibration sample {sample} alone reaches {factor:.1f} times further than all others"]


def _about_layers(seen: Mapping[Node, Seen]) -> list[str]:
    """Layers that compute or limit values; what only moves them would repeat the news."""
    zero, outliers, uneven = [], [], []
    for node, values in seen.items():
        row = ROWS.get(target_name(node)) if node.op == "call_function" else None
        if row is None or row.role in (Role.TRANSPARENT, Role.JOIN):
            continue
        if values.is_zero:
            if not any(source in seen and seen[source].is_zero for source in node.all_input_nodes):
                zero.append(layer_name(node))
        elif values.outlier is not None:
            outliers.append(layer_name(node))
        elif values.unevenness >= UNEVEN:
            uneven.append(layer_name(node))
    texts = []
    if zero:
        texts.append(f"zero for all calibration samples: {_listed(zero)}; what follows depends on biases alone")
    if outliers:
        texts.append(f"range reached by one calibration sample alone: {_listed(outliers)}")
    if uneven:
        texts.append(f"ranges of channels differ more than {UNEVEN:.0f}-fold under one scale: {_listed(uneven)}")
    return texts


def layer_name(node: Node) -> str:
    """The name in the program, with the module or source line behind it."""
    made = origin(node)
    place = made.module or made.source
    return f"{node.name} ({place})" if place else node.name


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
