"""Softmaxes over so many elements that their shares would be lost in steps of 1/256."""

from __future__ import annotations

from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import shape_of, target_name
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.ranges.observe import Samples, count, visit
from mcugen.graph.ops.normalization.softmax import covering_shares

SHARES = "mcugen_shares"
"""Key of a node's meta: the scale of its shares, where that is not LiteRT's 1/256."""

FEWEST_STEPS = 8
"""A softmax whose largest share has at least so many steps of 1/256 keeps LiteRT's scale, and its bits."""

ROOM = 4.0
"""By which shares of other samples may exceed the largest one seen."""


def find_small_shares(module: GraphModule, samples: Samples) -> None:
    """Marks the softmaxes all of whose shares are below `FEWEST_STEPS` / 256 on the samples with `SHARES`."""
    smallest = 256 // FEWEST_STEPS
    found = {node: 0.0 for node in module.graph.nodes if _is_softmax(node) and max(shape_of(node)) > smallest}
    if not found:
        return

    def see(_: int, node: Node, value: Tensor) -> None:
        if node in found:
            found[node] = max(found[node], float(value.max()))

    visit(module, samples, range(count(samples)), see)
    for node, largest in found.items():
        if 0 < largest * smallest < 1:
            node.meta[SHARES] = covering_shares(largest * ROOM).scale


def _is_softmax(node: Node) -> bool:
    row = ROWS.get(target_name(node)) if node.op == "call_function" else None
    return row is not None and row.role is Role.PROBABILITY
