"""Recurrent layers before quantization: one node for each direction of each layer.

torch.export keeps `nn.LSTM`, `nn.GRU` and `nn.RNN` as one operator of all layers and directions, with several results.
`expand` rewrites it, and the cells for one step, into `mcugen::recurrent` nodes, each with one of a layer's results,
and into moving operators around them. What is run between is in float, so that the results of every layer are observed
as those of any other operator. `mcugen.passes.join_results` makes one operator of a layer again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.faults import Faults
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.rows.recurrent import CELLS, SEQUENCES
from mcugen.frontend.provenance import module_path, sequence_module
from mcugen.frontend.refusals import unsupported
from mcugen.graph.ops.recurrent.layer import CELL, HIDDEN, SEQUENCE

_RUN: dict[str, Callable[..., Any]] = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn_tanh": torch.rnn_tanh,
    "rnn_relu": torch.rnn_relu,
}

_PRODUCTS = ("aten.addmm.default", "aten.mm.default", "aten.linear.default", "aten.matmul.default")

_LIBRARY = torch.library.Library("mcugen", "DEF")  # type: ignore[no-untyped-call]
_LIBRARY.define(  # type: ignore[no-untyped-call]
    "recurrent(Tensor x, Tensor[] weights, Tensor? hidden, Tensor? cell, str kind, bool reverse, bool batch_first, "
    "str result) -> Tensor"
)


def _recurrent(
    x: Tensor,
    weights: list[Tensor],
    hidden: Tensor | None,
    cell: Tensor | None,
    kind: str,
    reverse: bool,
    batch_first: bool,
    result: str,
) -> Tensor:
    """One direction of one layer in float; operands and results are those of `RecurrentLayer`."""
    time, batch = (1, x.shape[0]) if batch_first else (0, x.shape[1])
    projected = kind == "lstm" and len(weights) % 2 == 1
    units, channels = weights[1].shape[0] // (4 if kind == "lstm" else 1), weights[1].shape[1]
    state = x.new_zeros(batch, channels) if hidden is None else hidden
    initial: Any = state[None]
    if kind == "lstm":
        initial = [initial, (x.new_zeros(batch, units) if cell is None else cell)[None]]
    given = x.flip(time) if reverse else x
    biased = len(weights) - projected > 2
    results = _RUN[kind](given, initial, weights, biased, 1, 0.0, False, False, batch_first)
    sequence: Tensor = results[0].flip(time) if reverse else results[0]
    found: Tensor = sequence if result == SEQUENCE else results[1 if result == HIDDEN else 2][0]
    return found.clone()


_LIBRARY.impl("recurrent", _recurrent, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]


def expand(module: GraphModule, faults: Faults) -> None:
    """Rewrites all recurrent layers, in place; collects the refusals."""
    for node in list(module.graph.nodes):
        name = target_name(node) if node.op == "call_function" else ""
        if name in SEQUENCES or name in CELLS:
            with faults.at(node):
                _Layers(Lowering(module, ROWS, is_known), node).replace()
    module.recompile()


def refuse_unrolled(module: GraphModule, faults: Faults) -> None:
    """Refuses sequences that `run_decompositions()` has unrolled: each step would have its own copy of the weights."""
    seen = set()
    for node in module.graph.nodes:
        if node.op != "call_function" or target_name(node) not in _PRODUCTS:
            continue
        stack = node.meta.get("nn_module_stack")
        if sequence_module(stack) and module_path(stack) not in seen:
            seen.add(module_path(stack))
            with faults.at(node):
                raise unsupported(
                    node,
                    f"it is a step of an unrolled {sequence_module(stack).rpartition('.')[2]}",
                    "export the model without run_decompositions(): then the sequence stays a loop",
                )


@dataclass
class _Layers:
    """One recurrent operator of the program while it is replaced."""

    constants: Lowering
    node: Node

    def replace(self) -> None:
        name = target_name(self.node)
        with self.node.graph.inserting_before(self.node):
            if name in CELLS:
                self._replace_step(CELLS[name])
            else:
                self._replace_sequence(SEQUENCES[name])
        if not self.node.users:
            self.node.graph.erase_node(self.node)

    # -- sequences ------------------------------------------------------------------------------------------------

    def _replace_sequence(self, kind: str) -> None:
        bound = bind(self.node)
        if bound["train"]:
            raise unsupported(self.node, "it is in training mode", "call model.eval() before torch.export.export")
        layers, directions = bound["num_layers"], 2 if bound["bidirectional"] else 1
        weights, count = bound["params"], len(bound["params"]) // (layers * directions)
        states = [_list(bound["hx"])[i] if i < len(_list(bound["hx"])) else None for i in (0, 1)]
        x = bound["input"]
        time = 1 if bound["batch_first"] else 0
        hidden: list[Node] = []
        cells: list[tuple[Any, ...]] = []
        for layer in range(layers):
            parts = []
            for direction in range(directions):
                index = layer * directions + direction
                own = weights[index * count : (index + 1) * count]
                initial = self._initial(states, index, layers * directions)
                arguments = (x, own, *initial, kind, bool(direction), bool(bound["batch_first"]))
                parts.append(self._recurrent(arguments, SEQUENCE))
                cells.append(arguments)
                steps = shape_of(parts[-1])[time]
                hidden.append(self._select(parts[-1], time, 0 if direction else steps - 1))
            x = parts[0] if directions == 1 else self._concatenate(parts, -1)
        self._replace_results(x, hidden, cells)

    def _replace_results(self, output: Node, hidden: list[Node], cells: list[tuple[Any, ...]]) -> None:
        """Readers of the operator's results read what was made of them: all hidden states, the last ones, cells."""
        for user in list(self.node.users):
            if target_name(user) != "getitem":
                raise unsupported(self.node, f"{user.name!r} reads all its results at once", "take them one by one")
            if user.args[1] == 0:
                user.replace_all_uses_with(output)
            elif user.args[1] == 1:
                self._replace_stacked(user, hidden)
            else:
                self._replace_stacked(user, [self._recurrent(c, CELL) for c in cells] if user.users else [])
            user.graph.erase_node(user)

    def _replace_stacked(self, result: Node, parts: list[Node]) -> None:
        """The parts stacked on a new first axis; who selects one of them reads it as it is."""
        for user in list(result.users):
            if target_name(user) == "aten.select.int" and bind(user)["dim"] in (0, -3):
                user.replace_all_uses_with(parts[bind(user)["index"]])
                user.graph.erase_node(user)
        if result.users:
            each = [self._view(part, (1, *shape_of(part))) for part in parts]
            result.replace_all_uses_with(each[0] if len(each) == 1 else self._concatenate(each, 0))

    # -- single steps ---------------------------------------------------------------------------------------------

    def _replace_step(self, kind: str) -> None:
        bound = bind(self.node)
        weights = [bound[name] for name in ("w_ih", "w_hh", "b_ih", "b_hh") if bound[name] is not None]
        x = bound["input"]
        states = [*_list(bound["hx"]), None][:2]
        if all(state is None or self._is_zero(state) for state in states):
            states = [None, None]
        arguments = (self._view(x, (1, *shape_of(x))), weights, *states, kind, False, False)
        y = self._recurrent(arguments, SEQUENCE)
        hidden = self._view(y, shape_of(y)[1:])
        if kind != "lstm":
            self.node.replace_all_uses_with(hidden)
            return
        for user in list(self.node.users):
            new = hidden if user.args[1] == 0 else self._recurrent(arguments, CELL)
            user.replace_all_uses_with(new)
            user.graph.erase_node(user)

    # -- nodes ----------------------------------------------------------------------------------------------------

    def _is_zero(self, state: Any) -> bool:
        value = self.constants.constant_value(state)
        return value is not None and not bool(value.any())

    def _initial(self, states: Sequence[Any], index: int, count: int) -> tuple[Any, Any]:
        """Hidden state and cell of one layer and direction: None where all start from zeros."""
        given = [state for state in states if state is not None]
        if all(self._is_zero(state) for state in given):
            return None, None
        chosen = [
            None
            if state is None
            else self._view(state, shape_of(state)[1:])
            if count == 1
            else self._select(state, 0, index)
            for state in states
        ]
        return chosen[0], chosen[1]

    def _recurrent(self, arguments: tuple[Any, ...], result: str) -> Node:
        x, weights, batch_first = arguments[0], arguments[1], arguments[6]
        lead = shape_of(x)[:2]
        shape = (*lead, shape_of(weights[1])[1])
        if result == CELL:
            shape = (lead[0] if batch_first else lead[1], shape_of(weights[1])[0] // 4)
        return self._call(torch.ops.mcugen.recurrent.default, (*arguments, result), shape)

    def _select(self, source: Node, axis: int, index: int) -> Node:
        shape = shape_of(source)
        rest = (*shape[:axis], *shape[axis + 1 :])
        if shape[axis] == 1:
            return self._view(source, rest)
        return self._call(torch.ops.aten.select.int, (source, axis, index), rest)

    def _view(self, source: Node, shape: tuple[int, ...]) -> Node:
        return self._call(torch.ops.aten.reshape.default, (source, list(shape)), shape)

    def _concatenate(self, parts: list[Node], axis: int) -> Node:
        shape = list(shape_of(parts[0]))
        shape[axis] = sum(shape_of(part)[axis] for part in parts)
        return self._call(torch.ops.aten.cat.default, (parts, axis), tuple(shape))

    def _call(self, target: Any, arguments: tuple[Any, ...], shape: tuple[int, ...]) -> Node:
        node = self.node.graph.call_function(target, arguments)
        node.meta = {key: value for key, value in self.node.meta.items() if key != "val"}
        value = self.node.meta["val"]
        template = value[0] if isinstance(value, list | tuple) else value
        node.meta["val"] = template.new_empty(shape)
        return node


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
