"""New nodes in a program, with shapes, and the source line of the operator that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch._guards import detect_fake_mode
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves, tree_map

VIEWS = (torch.ops.aten.view.default, torch.ops.aten._unsafe_view.default)
"""Reshapes of what lies in order."""


def call(at: Node, target: Any, *arguments: Any, **named: Any) -> Node:
    """A call just before `at`, with the metadata of `at` and the shape that the operator gives."""
    with at.graph.inserting_before(at):
        node = at.graph.call_function(target, arguments, named)
    node.meta = {key: value for key, value in at.meta.items() if key != "val"}
    node.meta["val"] = stand_in(node, at)
    return node


def stand_in(node: Node, like: Node | None = None) -> Any:
    """The result of a call without its numbers. A quantizer wants the program's own stand-ins, as `like` has one."""
    given, also = torch.fx.node.map_arg((node.args, node.kwargs), lambda operand: operand.meta["val"])
    known = like.meta.get("val") if like is not None else None
    mode = detect_fake_mode(tree_leaves((given, also, known))) or FakeTensorMode()
    target: Any = node.target
    fakes = tree_map(lambda v: mode.from_tensor(v, static_shapes=True) if _is_real(v) else v, (given, also))
    with mode:
        return target(*fakes[0], **fakes[1])


def _is_real(value: Any) -> bool:
    """A tensor with numbers."""
    return isinstance(value, torch.Tensor) and not isinstance(value, FakeTensor)


def constant(module: GraphModule, at: Node, label: str, value: torch.Tensor) -> Node:
    """A new buffer with a node that reads it just before `at`."""
    name = f"_mcugen_{label}_{at.name}"
    while hasattr(module, name):
        name += "_"
    module.register_buffer(name, value)
    with at.graph.inserting_before(at):
        node = at.graph.get_attr(name)
    node.meta["val"] = value
    return node


def inline(module: GraphModule, body: GraphModule, at: Node, operands: Sequence[Node]) -> Any:
    """The operators of a traced function just before `at`; gives what it returns, nodes for tensors."""
    placed: dict[Node, Any] = {}
    given = iter(operands)
    result: Any = None
    for node in body.graph.nodes:
        if node.op == "placeholder":
            placed[node] = next(given)
        elif node.op == "output":
            result = torch.fx.node.map_arg(node.args[0], placed.__getitem__)
        elif node.op == "get_attr":
            placed[node] = constant(module, at, node.name.strip("_"), getattr(body, str(node.target)))
        else:
            arguments, named = torch.fx.node.map_arg((node.args, node.kwargs), placed.__getitem__)
            # The operands of the traced function lie in order; those of the program need not.
            target = torch.ops.aten.reshape.default if node.target in VIEWS else node.target
            placed[node] = call(at, target, *arguments, **named)
    return result
