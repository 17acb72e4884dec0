"""Errors about operators: what is wrong, the Python line and module, what to use instead."""

from __future__ import annotations

from torch.fx import Node

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.advice import instead, of_several
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.functions import is_pointwise
from mcugen.frontend.provenance import origin
from mcugen.graph.tensor import Origin


def unsupported(node: Node, why: str, hint: str) -> UnsupportedOperatorError:
    """The error about a node: names the operator, its Python line and module."""
    return UnsupportedOperatorError(f"{target_name(node)}: {why}", where=str(origin(node)), hint=hint)


def row_missing(node: Node) -> UnsupportedOperatorError:
    """The error about an operator that the table lacks."""
    if is_pointwise(node) and len(node.all_input_nodes) > 1:
        return unsupported(node, "of several tensors it has no integer form", of_several(target_name(node)))
    return no_integer_form(target_name(node), origin(node))


def no_integer_form(name: str, where: Origin) -> UnsupportedOperatorError:
    """As `row_missing`, for an operator that is known by its name alone."""
    return UnsupportedOperatorError(f"{name}: this operator has no integer form", where=str(where), hint=instead(name))
