"""Tensors that a program fills piece by piece with copies of one other, as circular padding is decomposed: one `take`.

What the pieces are is found out by running them on the places themselves (as `lowering/selection.py` does it).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import shape_of, target_name
from mcugen.frontend.rewrites.rewriting import call, constant

_EMPTY = {"aten.empty.memory_format", "aten.new_empty.default", "aten.empty_like.default"}
_PIECES = {"aten.slice_scatter.default", "aten.select_scatter.default", "aten.copy.default"}
_MOVES = {"aten.slice.Tensor", "aten.select.int", "aten.clone.default", "aten.expand.default", *_PIECES}
_NOWHERE = -1


def collapse_copies(module: GraphModule) -> None:
    """Changes the module in place. What is filled from several tensors, or not wholly, stays as it is."""
    changed = False
    for node in list(module.graph.nodes):
        if target_name(node) not in _PIECES or "val" not in node.meta or _goes_on(node):
            continue
        sources: set[Node] = set()
        places = _places(node, sources, {})
        if len(sources) != 1 or bool((places == _NOWHERE).any()) or not _starts_empty(node):
            continue
        (source,) = sources
        index = constant(module, node, "places", places.clone())
        node.replace_all_uses_with(call(node, torch.ops.aten.take.default, source, index))
        changed = True
    if changed:
        module.graph.eliminate_dead_code()
        module.recompile()


def _goes_on(node: Node) -> bool:
    """True where another piece follows, and nothing else reads this state of the tensor."""
    return bool(node.users) and all(target_name(user) in _MOVES for user in node.users)


def _starts_empty(node: Node) -> bool:
    while target_name(node) in _PIECES:
        node = node.all_input_nodes[0]
    while target_name(node) in _MOVES:
        node = node.all_input_nodes[0]
    return target_name(node) in _EMPTY


def _places(node: Node, sources: set[Node], known: dict[Node, Tensor]) -> Tensor:
    """Where in its flattened source each element comes from; adds the source."""
    if node not in known:
        if target_name(node) in _EMPTY:
            known[node] = torch.full(shape_of(node), _NOWHERE)
        elif node.op == "call_function" and target_name(node) in _MOVES:
            target: Any = node.target
            arguments, named = torch.fx.node.map_arg(
                (node.args, node.kwargs), lambda operand: _places(operand, sources, known)
            )
            known[node] = target(*arguments, **named)
        else:
            sources.add(node)
            known[node] = torch.arange(math.prod(shape_of(node))).reshape(shape_of(node))
    return known[node]
