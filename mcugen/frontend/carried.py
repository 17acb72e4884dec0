"""Hidden states and cells that a model carries from step to step stay in the recurrent layers' own numbers.

A state is *kept* when moving operators alone lie between the last hidden states or cells of layers and it, and between
it and initial states: then nothing has to be quantized to int8, and a sequence in pieces has the bits of the whole. The
same holds for what goes from layer to layer, as in a loop over `nn.LSTMCell`. A state of several layers becomes one for
each of them. What lies where is found by moving numbers of elements instead of values.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.row import KEPT, Role
from mcugen.frontend.ranges.observe import STATE
from mcugen.frontend.signature import PortNames
from mcugen.frontend.states import Tie, unused_name
from mcugen.graph.ops.recurrent.layer import CELL, HIDDEN

log = logging.getLogger(__name__)

_RECURRENT = "mcugen.recurrent.default"
_OPERANDS = (HIDDEN, CELL)
"""Initial states have the names of the results that are their like after the last step."""


class Part(NamedTuple):
    """Of a state: elements `start` to `start + size`, the result `role` of the layer of `node` after a step."""

    node: Node
    role: str
    start: int
    size: int


Source = Part | tuple[Node, int, int]
"""Where an initial state comes from: a layer's result, or (placeholder, start, size)."""


def carry_states(module: GraphModule, names: PortNames, ties: Sequence[Tie]) -> tuple[PortNames, tuple[Tie, ...]]:
    """Marks what is kept, and splits states of several layers; changes the program in place.

    Args:
        module: after `mcugen.frontend.rewrites.recurrent.expand`, its states marked.

    Returns:
        The names of the ports and the states, as they are now.
    """
    found = _Found(module)
    placeholders = dict(zip(names.inputs, _placeholders(module), strict=True))
    carried = {root for layer in found.layers for root in found.roots(layer)}
    for tie in ties:
        if placeholders[tie.name] in carried.difference(found.parts):
            log.warning(
                "the state %r of a recurrent layer is kept in 8 bits, because the model uses it for more than the "
                "layer's own initial and last state",
                tie.name,
            )
    return _Rewriting(module, found, names, tuple(ties)).run() if found.sources else (names, tuple(ties))


def _placeholders(module: GraphModule) -> list[Node]:
    return [node for node in module.graph.nodes if node.op == "placeholder"]


def _moves(node: Node) -> bool:
    row = ROWS.get(target_name(node)) if node.op == "call_function" else None
    return row is not None and (row.moves or row.role is Role.JOIN)


@dataclass
class _Found:
    """What can be kept.

    Attributes:
        layers: all recurrent nodes.
        parts: of each state that is kept, in the order of its elements.
        sources: of the initial states of each recurrent node whose states are kept, by operand.
    """

    module: GraphModule
    layers: list[Node] = field(init=False)
    parts: dict[Node, list[Part]] = field(init=False)
    sources: dict[Node, dict[str, Source]] = field(init=False)

    def __post_init__(self) -> None:
        self.layers = [node for node in self.module.graph.nodes if target_name(node) == _RECURRENT]
        self.parts = {}
        for state in _placeholders(self.module):
            if STATE in state.meta and dtype_of(state) == torch.float32 and self.layers:
                parts = self._decompose(state)
                if parts:
                    self.parts[state] = parts
        self.sources = {node: found for node in self.layers if (found := self._sources(node))}
        while self._drop():
            pass

    # -- numbers of elements ----------------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> dict[Node, Tensor | None]:
        """For each node the numbers of its elements, each unique in the program; None for what computes."""
        numbers: dict[Node, Tensor | None] = {}
        count = 0
        for node in self.module.graph.nodes:
            if node in self.layers or (node.op == "placeholder" and STATE in node.meta):
                size = shape_of(node)
                elements = int(torch.Size(size).numel())
                numbers[node] = torch.arange(count, count + elements).reshape(size)
                count += elements
            elif _moves(node) and all(numbers.get(n) is not None for n in node.all_input_nodes):
                arguments, named = torch.fx.node.map_arg((node.args, node.kwargs), numbers.__getitem__)
                assert callable(node.target)
                numbers[node] = node.target(*arguments, **named)
        return numbers

    def _flat(self, node: Node) -> Tensor | None:
        numbers = self._numbers.get(node)
        return None if numbers is None else numbers.reshape(-1)

    def _last(self, node: Node) -> tuple[str, Tensor]:
        """The role of a recurrent node's last step, and the numbers of its elements."""
        bound, numbers = bind(node), self._numbers[node]
        assert numbers is not None
        if bound["result"] == CELL:
            return CELL, numbers.reshape(-1)
        time = 1 if bound["batch_first"] else 0
        return HIDDEN, numbers.select(time, 0 if bound["reverse"] else numbers.shape[time] - 1).reshape(-1)

    def _layers_in(self, elements: Tensor) -> Iterator[Part | None]:
        """The last steps that elements consist of, one behind the other; None where they are anything else."""
        start = 0
        lasts = [(node, *self._last(node)) for node in self.layers]
        while start < len(elements):
            fits = (
                Part(node, role, start, len(last))
                for node, role, last in lasts
                if torch.equal(elements[start : start + len(last)], last)
            )
            part = next(fits, None)
            yield part
            if part is None:
                return
            start += part.size

    # -- states and initial states ----------------------------------------------------------------------------------

    def _decompose(self, state: Node) -> list[Part]:
        (end,) = (node for node in self.module.graph.nodes if node.op == "output")
        result = end.args[0][state.meta[STATE]]
        elements = self._flat(result) if isinstance(result, Node) else None
        parts = list(self._layers_in(elements)) if elements is not None else []
        known = [part for part in parts if part is not None]
        return known if len(known) == len(parts) and len({part.role for part in known}) == 1 else []

    def _sources(self, node: Node) -> dict[str, Source]:
        """Empty when an initial state is anything else than a part of a state or the last step of a layer."""
        found: dict[str, Source] = {}
        given = {name: bind(node)[name] for name in _OPERANDS if bind(node)[name] is not None}
        for name, operand in given.items():
            elements = self._flat(operand) if isinstance(operand, Node) else None
            if elements is None:
                return {}
            state = next((s for s in self.parts if self._holds(s, elements)), None)
            if state is not None:
                start = int(elements[0]) - int(self._numbers[state].reshape(-1)[0])  # type: ignore[union-attr]
                found[name] = state, start, len(elements)
                continue
            parts = list(self._layers_in(elements))
            if len(parts) != 1 or parts[0] is None or parts[0].role != name or "relu" in bind(node)["kind"]:
                return {}
            found[name] = parts[0]
        return found

    def _holds(self, state: Node, elements: Tensor) -> bool:
        """Whether the elements are a piece of the state, in order."""
        own = self._flat(state)
        assert own is not None
        start = int(elements[0] - own[0])
        return 0 <= start < len(own) and torch.equal(own[start : start + len(elements)], elements)

    def roots(self, node: Node) -> set[Node]:
        """The states that initial states of a recurrent node have anything of."""
        found: set[Node] = set()
        todo = [v for name in _OPERANDS if isinstance(v := bind(node)[name], Node)]
        while todo:
            value = todo.pop()
            if value.op == "placeholder" and STATE in value.meta:
                found.add(value)
            elif _moves(value):
                todo += value.all_input_nodes
        return found

    # -- what has to hold for all of them ---------------------------------------------------------------------------

    def _drop(self) -> bool:
        """Drops one that is not kept after all; True if there was one."""
        for node, sources in self.sources.items():
            if not all(self._is_kept(name, source) for name, source in sources.items()):
                del self.sources[node]
                return True
        for state, parts in self.parts.items():
            if not self._only_initial(state) or not all(self._is_observed(part.node) for part in parts):
                del self.parts[state]
                return True
        return False

    def _is_kept(self, name: str, source: Source) -> bool:
        if isinstance(source, Part):
            return True
        state, start, size = source
        return any((p.role, p.start, p.size) == (name, start, size) for p in self.parts.get(state, ()))

    def _only_initial(self, state: Node) -> bool:
        """Whether a state is read as initial state of layers whose states are kept, and as nothing else."""
        todo = [state]
        while todo:
            value = todo.pop()
            for user in value.users:
                if user in self.sources and bind(user)["x"] is not value:
                    continue
                if not _moves(user):
                    return False
                todo.append(user)
        return True

    def _is_observed(self, node: Node) -> bool:
        """Whether a range is known for what has none of its own: a ReLU layer's, by who reads its sequence."""
        if "relu" not in bind(node)["kind"]:
            return True
        states = {n.meta[STATE] for n in _placeholders(self.module) if STATE in n.meta}
        todo = [node]
        while todo:
            value = todo.pop()
            for user in value.users:
                if user.op == "output":
                    given = [k for k, v in enumerate(user.args[0]) if v is value]  # type: ignore[arg-type]
                    if not states.issuperset(given):
                        return True
                elif _moves(user):
                    todo.append(user)
                elif user not in self.sources:
                    return True
        return False


@dataclass
class _Rewriting:
    module: GraphModule
    found: _Found
    names: PortNames
    ties: tuple[Tie, ...]
    _kept: dict[tuple[Node, str], Node] = field(default_factory=dict)
    _states: dict[tuple[Node, int], Node] = field(default_factory=dict)
    _replaced: list[Node] = field(default_factory=list)

    def run(self) -> tuple[PortNames, tuple[Tie, ...]]:
        ends = [part for parts in self.found.parts.values() for part in parts]
        links = [s for sources in self.found.sources.values() for s in sources.values() if isinstance(s, Part)]
        for part in (*ends, *links):
            self._result(part)
        for state in self.found.parts:
            self._split(state)
        for node, sources in self.found.sources.items():
            own = [kept for (layer, _), kept in self._kept.items() if layer is node]
            for reader in (node, *own):
                for name, source in sources.items():
                    self._read(reader, name, source)
        self.module.graph.eliminate_dead_code()
        for state in self._replaced:
            self.module.graph.erase_node(state)
        self.module.graph.lint()
        self.module.recompile()
        return self.names, self.ties

    def _result(self, part: Part) -> None:
        """A node of its own for a layer's last step: what else reads that is quantized."""
        key = part.node, part.role
        if key in self._kept:
            return
        bound = bind(part.node)
        with self.module.graph.inserting_after(part.node):
            node = self.module.graph.call_function(part.node.target, (*part.node.args[:-1], part.role))  # type: ignore[arg-type]
        node.meta = dict(part.node.meta) | {KEPT: True}
        batch = shape_of(bound["x"])[0 if bound["batch_first"] else 1]
        node.meta["val"] = part.node.meta["val"].new_empty((batch, part.size // batch))
        self._kept[key] = node

    def _split(self, state: Node) -> None:
        """Placeholders, ports and ties for the parts of a state; the first one takes the place of the whole."""
        parts = self.found.parts[state]
        (end,) = (node for node in self.module.graph.nodes if node.op == "output")
        results = list(end.args[0])
        index = [n for n in _placeholders(self.module) if n not in self._replaced].index(state)
        tie = next(t for t in self.ties if t.name == self.names.inputs[index])
        inputs, outputs, pieces = list(self.names.inputs), list(self.names.outputs), []
        position, before = state.meta[STATE], state
        del inputs[index]
        for number, part in enumerate(parts):
            kept = self._kept[part.node, part.role]
            whole = len(parts) == 1
            node = state if whole and shape_of(state) == shape_of(kept) else self._placeholder(before, state, kept)
            node.meta[STATE] = position if number == 0 else len(results)
            node.meta[KEPT] = True
            if number == 0:
                results[position] = kept
            else:
                results.append(kept)
                outputs.append(unused_name(f"{tie.output}_{number}", outputs))
            name = tie.name if whole else unused_name(f"{tie.name}_{number}", inputs)
            inputs.insert(index + number, name)
            initial = tie.initial.reshape(-1)[part.start : part.start + part.size].reshape(shape_of(kept))
            pieces.append(Tie(name, outputs[node.meta[STATE]], initial, kept=True))
            self._states[state, part.start] = before = node
        if KEPT not in state.meta:
            self._replaced.append(state)
        end.args = (tuple(results),)
        self.names = replace(self.names, inputs=tuple(inputs), outputs=tuple(outputs))
        place = self.ties.index(tie)
        self.ties = (*self.ties[:place], *pieces, *self.ties[place + 1 :])

    def _placeholder(self, before: Node, state: Node, like: Node) -> Node:
        with self.module.graph.inserting_after(before):
            node = self.module.graph.placeholder(f"{state.name}_part")
        node.target = node.name
        node.meta["val"] = state.meta["val"].new_empty(shape_of(like))
        return node

    def _read(self, reader: Node, name: str, source: Source) -> None:
        new = self._kept[source.node, source.role] if isinstance(source, Part) else self._states[source[:2]]
        reader.update_arg({HIDDEN: 2, CELL: 3}[name], new)
