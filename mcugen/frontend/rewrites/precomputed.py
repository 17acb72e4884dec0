"""What a float program computes without its inputs, computed once: standardized weights, position tables, masks.

Layers then have their parameters as plain attributes, into which batch norms and factors can be folded.
"""

from __future__ import annotations

from torch.fx import GraphModule

from mcugen.frontend.lowering.constants import Constants
from mcugen.frontend.rewrites.rewriting import constant


def compute_constants(module: GraphModule, constants: Constants) -> None:
    """Changes the module in place."""
    last = [
        node
        for node in module.graph.nodes
        if node.op == "call_function"
        and any(constants.value(user) is None for user in node.users)
        and constants.value(node) is not None
    ]
    for node in last:
        value = constants.value(node)
        assert value is not None
        known = constant(module, node, "constant", value.contiguous())
        known.meta = {**node.meta, "val": known.meta["val"]}
        node.replace_all_uses_with(known)
    if last:
        module.graph.eliminate_dead_code()
        module.recompile()
