"""Values of very different magnitudes that a concatenation joins, brought to one magnitude before it.

What a concatenation joins shares one scale. Where the layers behind it can absorb a factor for each part, and the layer
(or the model's input) that makes a part can be divided by it, the parts get the same magnitude, and nothing is lost.
"""

from __future__ import annotations

import math
from dataclasses import replace

from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, shape_of, target_name
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.ranges.affine import Affine, Push
from mcugen.frontend.ranges.normalize import Normalizations, normalized
from mcugen.frontend.ranges.observe import STATE, Samples, magnitudes
from mcugen.frontend.rewrites.folding import scale_outputs, weighted
from mcugen.graph.graph import Normalization

WORTHWHILE = 4.0
"""Parts whose magnitudes differ by less are left alone: two of eight bits are at stake."""

_SAMPLES = 32


def balance_joins(module: GraphModule, samples: Samples) -> tuple[bool, Normalizations]:
    """Balances every concatenation that allows it, in place.

    Returns:
        Whether anything was changed, and the inputs that are now taken divided by a factor.
    """
    found: dict[str, Normalization] = {}
    changed = False
    for join in [n for n in module.graph.nodes if _is_join(n)]:
        sizes = magnitudes(module, normalized(samples, found), _SAMPLES)
        parts = [p for p in dict.fromkeys(bind(join)["tensors"]) if 0 < sizes.get(p, 0.0) < math.inf]
        largest = max((sizes[part] for part in parts), default=0.0)
        for part in parts:
            # Powers of two: dividing by them is exact in floating point.
            factor = 2.0 ** math.floor(math.log2(sizes[part] / largest))
            if factor * WORTHWHILE <= 1:
                changed |= _divide(module, part, factor, found)
    return changed, found


def _is_join(node: Node) -> bool:
    row = ROWS.get(target_name(node)) if node.op == "call_function" else None
    return row is not None and row.role is Role.JOIN


def _divide(module: GraphModule, part: Node, factor: float, found: dict[str, Normalization]) -> bool:
    """Makes what `part` comes from `factor` times smaller, and everything that reads it the more sensitive."""
    source = part
    while not weighted(source) and source.op != "placeholder":
        row = ROWS.get(target_name(source)) if source.op == "call_function" else None
        if row is None or row.role not in (Role.TRANSPARENT, Role.ACTIVATION):
            return False
        source = source.all_input_nodes[0]
    if STATE in source.meta:
        return False
    push = Push(module)
    if not push.through_users(source, Affine.uniform(factor, shape_of(source))):
        return False
    if source.op == "placeholder":
        known = found.get(source.name, Normalization(None, (1.0,), (0.0,)))
        found[source.name] = replace(known, factors=(known.factors[0] * factor,))
    else:
        scale_outputs(module, source, 1.0 / factor)
    push.apply()
    return True
