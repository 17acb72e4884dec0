"""What a program contains and means nothing to the device, removed: copies, assertions, repeated dequantizes;
and what has several results made of operators with one."""

from __future__ import annotations

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.qdq import is_dequantize
from mcugen.frontend.rewrites.cuts import cut_convolutions
from mcugen.frontend.rewrites.rewriting import VIEWS
from mcugen.frontend.rewrites.splits import replace_splits

_COPIES = {
    "aten.clone.default",
    "aten.contiguous.default",
    "aten.detach.default",
    "aten.alias.default",
    "aten.lift_fresh_copy.default",
    "aten._to_copy.default",
    "aten.to.dtype",
    "aten.to.device",
    "aten.to.dtype_layout",
}
_ASSERTIONS = ("aten._assert", "aten.sym_constrain")


def simplify(module: GraphModule) -> None:
    """Changes the module in place. Operators that change tensors in place must have been replaced before.

    * A copy of the same type and shape: its readers read the source. Conversions to another type stay.
    * Views are reshapes: without the copies, what they see need not lie in order.
    * Assertions of the exporter: gone, since shapes are static here.
    * What splits a tensor: slices (`splits`); slices of convolutions: less padding (`cuts`).
    * Several dequantizes of one value, which PT2E makes for each reader: one.
    """
    replace_splits(module)
    cut_convolutions(module)
    seen: dict[object, Node] = {}
    for node in list(module.graph.nodes):
        if node.op != "call_function":
            continue
        name = target_name(node)
        if name.startswith(_ASSERTIONS):
            if not node.users:
                module.graph.erase_node(node)
        elif name in _COPIES and _is_same(node, node.all_input_nodes[0]):
            _replace(node, node.all_input_nodes[0])
        elif node.target in VIEWS:
            node.target = torch.ops.aten.reshape.default
        elif is_dequantize(node):
            first = seen.setdefault((node.target, node.args, tuple(node.kwargs.items())), node)
            if first is not node:
                _replace(node, first)
    module.recompile()


def _replace(node: Node, other: Node) -> None:
    node.replace_all_uses_with(other)
    node.graph.erase_node(node)


def _is_same(copy: Node, source: Node) -> bool:
    first, second = copy.meta.get("val"), source.meta.get("val")
    if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
        return False
    return first.dtype == second.dtype and first.shape == second.shape
