"""Values that a concatenation joins and that something else reads too, in a scale of their own.

What a concatenation joins shares one scale. Where a part is read elsewhere as well, that reader would pay for the range
of the other parts; such a part is requantized for the concatenation instead (`mcugen::requantized`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import INTEGERS, dtype_of, target_name
from mcugen.frontend.lowering.row import KEPT, Role
from mcugen.frontend.ranges.observe import STATE, Samples, spread_evenly, visit
from mcugen.frontend.rewrites.rewriting import call

WORTHWHILE = 2.0
"""A part whose range is a smaller fraction of the concatenation's is left alone: less than a bit is at stake."""

_SAMPLES = 32


def _compute(x: Tensor) -> Tensor:
    return x.clone()


def _define() -> Any:
    torch.library.define("mcugen::requantized", "(Tensor self) -> Tensor")
    torch.library.impl("mcugen::requantized", "CompositeExplicitAutograd", _compute)
    return torch.ops.mcugen.requantized.default


_requantized = _define()
"""Changes nothing; its result has a scale of its own."""


def separate_parts(module: GraphModule, samples: Samples) -> bool:
    """Puts a requantization before every such part of which the range is narrow, in place; whether there was one."""
    joins = [n for n in module.graph.nodes if _is_join(n) and dtype_of(n) not in INTEGERS]
    shared = {join: [part for part in join.all_input_nodes if _is_read_elsewhere(part)] for join in joins}
    if not any(shared.values()):
        return False
    widths = _widths(module, samples)
    changed = False
    for join, parts in shared.items():
        for part in parts:
            if 0 < widths.get(part, 0.0) * WORTHWHILE <= widths.get(join, 0.0):
                join.replace_input_with(part, call(join, _requantized, part))
                changed = True
    if changed:
        module.recompile()
    return changed


def _is_join(node: Node) -> bool:
    row = ROWS.get(target_name(node)) if node.op == "call_function" else None
    return row is not None and row.role is Role.JOIN


def _is_read_elsewhere(part: Node) -> bool:
    """Whether what a part comes from, through operators that keep its scale, has another reader. Of a concatenation
    within another one, all parts share the scale."""
    shared = False
    while True:
        if STATE in part.meta or KEPT in part.meta or part.op == "get_attr":
            return False
        shared |= len(part.users) > 1
        if _is_join(part):
            return shared or any(map(_is_read_elsewhere, part.all_input_nodes))
        row = ROWS.get(target_name(part)) if part.op == "call_function" else None
        keeps = row is not None and (row.role is Role.TRANSPARENT or (row.shares is not None and row.shares(part)))
        if not keeps:
            return shared
        part = part.all_input_nodes[0]


def _widths(module: GraphModule, samples: Samples) -> dict[Node, float]:
    """From the lowest to the highest of each value, 0 among them."""
    ends: dict[Node, tuple[float, float]] = {}

    def see(_: int, node: Node, value: Tensor) -> None:
        if value.numel():
            low, high = ends.get(node, (0.0, 0.0))
            ends[node] = min(low, float(value.min())), max(high, float(value.max()))

    visit(module, samples, spread_evenly(samples, _SAMPLES), see)
    return {node: high - low for node, (low, high) in ends.items()}
