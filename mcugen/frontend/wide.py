"""Which values of a float program are kept in 16 bits: what is added up along the depth of a network.

A normalization divides by the spread of each row, so that a row of small values counts as much as one of large ones;
the sums that it reads (the residual stream of a transformer) hold both, and int8 steps of the one drown the other.
These sums, and concatenations, are int16; what reads them otherwise gets them as int8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import INTEGERS, dtype_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.functions import Functions
from mcugen.frontend.lowering.row import Role, Row


def wide_values(
    module: GraphModule, constant_value: Callable[[Any], torch.Tensor | None], functions: Functions
) -> set[Node]:
    """The nodes whose results are int16: sums and joins that a normalization reads, what only such sums read, and what
    moves the values in between. Results of the model are none of them."""
    search = _Search(module, constant_value, functions)
    for node in module.graph.nodes:
        row = row_of(node)
        if row is not None and row.wide is not None and not row.makes_wide and row.wide(node):
            search.widen(node.all_input_nodes[0])
    while search.widen_operands():
        pass
    return search.found


def row_of(node: Node) -> Row[Lowering] | None:
    return ROWS.get(target_name(node)) if node.op == "call_function" else None


class _Search:
    def __init__(
        self, module: GraphModule, constant_value: Callable[[Any], torch.Tensor | None], functions: Functions
    ) -> None:
        self._constant_value, self._functions = constant_value, functions
        # A function that reads its tensor in several places must find one tensor there, not an int8 copy for each.
        self._read_in_places = {
            functions.source(node)
            for node in module.graph.nodes
            if sum(constant_value(read) is None for read in node.all_input_nodes) > 1
        }
        self.found: set[Node] = set()

    def widen(self, value: Node) -> bool:
        """Makes a value wide, and what it moves; False where it cannot be."""
        row = row_of(value)
        if value in self.found:
            return True
        if row is None or not self._may_be_wide(value):
            return False
        if row.moves and not self.widen(value.all_input_nodes[0]):
            return False
        if not (row.moves or row.role is Role.JOIN or row.makes_wide):
            return False
        self.found.add(value)
        return True

    def _may_be_wide(self, value: Node) -> bool:
        return (
            dtype_of(value) not in INTEGERS
            and self._constant_value(value) is None
            and self._functions.source(value) is None
            and value not in self._read_in_places
            and not any(user.op == "output" for user in value.users)
        )

    def widen_operands(self) -> bool:
        """Sums and joins that only wide ones read; whether there were any."""
        before = len(self.found)
        for node in list(self.found):
            for operand in node.all_input_nodes:
                if all(self._takes_wide(user) for user in operand.users):
                    self.widen(operand)
        return len(self.found) > before

    def _takes_wide(self, user: Node) -> bool:
        row = row_of(user)
        reads = row is not None and row.wide is not None and not row.makes_wide and row.wide(user)
        return user in self.found or reads
