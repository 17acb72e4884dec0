"""New nodes in a program, with shapes, and the source line of the operator that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch._guards import detect_fake_mode
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.fx import GraphModule, Node


def call(at: Node, target: Any, *arguments: Any) -> Node:
    """A call just before `at`, with the metadata of `at` and the shape that the operator gives."""
    with at.graph.inserting_before(at):
        node = at.graph.call_function(target, arguments)
    node.meta = {key: value for key, value in at.meta.items() if key != "val"}
    node.meta["val"] = _stand_in(target, arguments)
    return node


def _stand_in(target: Any, arguments: Sequence[Any]) -> Any:
    """The result without its numbers. A quantizer wants the program's own kind of stand-ins."""
    given = [value.meta["val"] if isinstance(value, Node) else value for value in arguments]
    mode = detect_fake_mode(given) or FakeTensorMode()
    fakes = [mode.from_tensor(v, static_shapes=True) if _is_real(v) else v for v in given]
    with mode:
        return target(*fakes)


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


def inline(body: GraphModule, at: Node, operands: Sequence[Node]) -> Node:
    """The operators of a traced function just before `at`; gives the node of its result."""
    placed: dict[Node, Any] = {}
    given = iter(operands)
    result: Any = None
    for node in body.graph.nodes:
        if node.op == "placeholder":
            placed[node] = next(given)
        elif node.op == "output":
            result = torch.fx.node.map_arg(node.args[0], placed.__getitem__)
        else:
            arguments = torch.fx.node.map_arg(node.args, placed.__getitem__)
            placed[node] = call(at, node.target, *arguments)
    assert isinstance(result, Node)
    return result
