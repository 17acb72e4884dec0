"""Operators with several results of one tensor, as one operator for each result: split, chunk, unbind."""

from __future__ import annotations

import itertools

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import axis, bind, target_name

_SPLITS = {
    "aten.split.Tensor",
    "aten.split.sizes",
    "aten.split_copy.Tensor",
    "aten.split_with_sizes.default",
    "aten.split_with_sizes_copy.default",
    "aten.unsafe_split.Tensor",
    "aten.unsafe_split_with_sizes.default",
    "aten.chunk.default",
    "aten.unsafe_chunk.default",
    "aten.tensor_split.sections",
    "aten.tensor_split.indices",
}
_UNBINDS = {"aten.unbind.int", "aten.unbind_copy.int"}
SPLITS = _SPLITS | _UNBINDS
"""Names of the operators that `replace_splits` replaces."""


def replace_splits(module: GraphModule) -> None:
    """getitem n of a split or chunk becomes a slice, of an unbind a select; changes the module in place."""
    for node in list(module.graph.nodes):
        if node.op != "call_function" or target_name(node) not in SPLITS:
            continue
        if "val" not in node.meta:
            continue
        for item in list(node.users):
            if target_name(item) == "getitem":
                _replace(node, item)
        if not node.users:
            module.graph.erase_node(node)


def _replace(node: Node, item: Node) -> None:
    bound, parts, index = bind(node), node.meta["val"], item.args[1]
    assert isinstance(index, int)
    source = bound["self"]
    with node.graph.inserting_before(item):
        if target_name(node) in _UNBINDS:
            part = node.graph.call_function(torch.ops.aten.select.int, (source, bound["dim"], index))
        else:
            over = axis(bound["dim"], parts[0].dim())
            ends = [0, *itertools.accumulate(int(p.shape[over]) for p in parts)]
            index %= len(parts)
            span = (ends[index], ends[index + 1])
            part = node.graph.call_function(torch.ops.aten.slice.Tensor, (source, over, *span))
    part.meta = item.meta.copy()
    item.replace_all_uses_with(part)
    node.graph.erase_node(item)
