"""Where a definition is used instead of a row of the lowering table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch.fx import Node

from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of

Condition = Callable[[Node], bool]


class Definition(NamedTuple):
    """What an operator is made of.

    Attributes:
        compute: of the operator's arguments, named as in its schema.
        condition: of a node; None: always.
    """

    compute: Callable[..., Any]
    condition: Condition | None = None


Definitions = dict[str, Definition]
"""By operator ("addmm"), whatever the overload."""


def depends_on_inputs(value: Any) -> bool:
    """False for numbers and for what is computed of parameters alone."""
    todo, seen = [value] if isinstance(value, Node) else [], set[Node]()
    while todo:
        node = todo.pop()
        if node.op == "placeholder":
            return True
        if node not in seen:
            seen.add(node)
            todo += node.all_input_nodes
    return False


def of_activations(node: Node) -> bool:
    return any(depends_on_inputs(operand) for operand in node.all_input_nodes)


def in_evaluation(node: Node) -> bool:
    bound = bind(node)
    return not (bound.get("training") or bound.get("train"))


def of_integers(node: Node) -> bool:
    """Of activations whose operands are plain integers or booleans, all of them."""
    return of_activations(node) and all(dtype_of(operand) in INTEGERS for operand in node.all_input_nodes)


def of_reals(node: Node) -> bool:
    """Of activations of which one is real."""
    return of_activations(node) and any(dtype_of(operand) not in INTEGERS for operand in node.all_input_nodes)
