"""Float programs that compute the same and quantize differently."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

from torch.fx import GraphModule

from mcugen.frontend.quantizer_options import Switch
from mcugen.frontend.ranges.balance import balance_joins
from mcugen.frontend.ranges.batch_norm import measured
from mcugen.frontend.ranges.clip import clipped
from mcugen.frontend.ranges.equalize import WORTHWHILE, equalize
from mcugen.frontend.ranges.joins import separate_parts
from mcugen.frontend.ranges.normalize import Normalizations, combined, normalize_inputs, normalized
from mcugen.frontend.ranges.observe import Samples
from mcugen.frontend.ranges.shares import find_small_shares
from mcugen.frontend.rewrites.folding import fold

INTRUSIVE = 4.0
"""Normalised inputs ask something of whoever feeds the device: they must be worth this factor of noise power (6 dB)."""

COSTLY = 1.25
"""Requantizations before a concatenation take time and memory: they must be worth this factor of noise power (1 dB)."""


@dataclass(frozen=True)
class Variant:
    """One float program, folded.

    Attributes:
        samples: the calibration samples as it takes them, limited to what it does not clip: for ranges.
        inputs: the samples as it takes them, not limited.
        normalizations: of its inputs.
        equalized: names of the layers whose results have other scales than the model's, channel by channel.
        handicap: by which its noise power is multiplied before variants are compared.
    """

    module: GraphModule
    samples: Samples
    inputs: Samples
    normalizations: Normalizations = field(default_factory=dict)
    handicap: float = 1.0
    equalized: tuple[str, ...] = ()


def variants(module: GraphModule, samples: Samples, equalization: Switch = "auto") -> list[Variant]:
    """The program folded, which is done in place, and the other forms that the samples' ranges call for.

    Args:
        module: functional, in evaluation mode.
        samples: by input name, (samples, *input shape).
        equalization: auto: beside the others, where it gains; on: in place of them, where it can be done.
    """
    limited = clipped(module, samples)
    normal = copy.deepcopy(module)
    normalizations = normalize_inputs(normal, limited)
    fold(module, measured(module, limited))
    found = [Variant(module, limited, samples)]
    found += _balanced(found[0])
    if normalizations:
        taken = normalized(limited, normalizations)
        fold(normal, measured(normal, taken))
        base = Variant(normal, taken, normalized(samples, normalizations), normalizations, INTRUSIVE)
        found += _balanced(base) or [base]
    if equalization != "off":
        found = [form for variant in found for form in _equalized(variant, only=equalization == "on")]
    for variant in found:
        find_small_shares(variant.module, variant.samples)
    return found + [apart for variant in found for apart in _separated(variant)]


def _separated(base: Variant) -> list[Variant]:
    module = copy.deepcopy(base.module)
    if not separate_parts(module, base.samples):
        return []
    return [replace(base, module=module, handicap=base.handicap * COSTLY)]


def _equalized(base: Variant, *, only: bool) -> list[Variant]:
    """The variant and its equalized form; `only`: that one alone, if there is one."""
    module = copy.deepcopy(base.module)
    layers = equalize(module, base.samples, 1.0 if only else WORTHWHILE)
    if not layers:
        return [base]
    equalized = replace(base, module=module, equalized=tuple(layers))
    return [equalized] if only else [base, equalized]


def _balanced(base: Variant) -> list[Variant]:
    module = copy.deepcopy(base.module)
    changed, extra = balance_joins(module, base.samples)
    if not changed:
        return []
    normalizations = combined(base.normalizations, extra)
    return [
        Variant(module, normalized(base.samples, extra), normalized(base.inputs, extra), normalizations, base.handicap)
    ]
