"""A graph being rewritten: what every pass needs to look things up and to put replacements in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops import Operator
from mcugen.graph.tensor import Tensor


class Editor:
    """Collects the operators of the new graph in order, with tensors renamed on the way.

    A pass walks the old graph's operators; for each it calls `keep`, or `add` for what replaces it, and `rename` when
    later readers shall read another tensor. `finish` gives the same graph object when nothing changed.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.producers = {name: op for op in graph.operators for name in op.outputs}
        self.uses: dict[str, int] = {}
        for op in graph.operators:
            for name in op.inputs:
                self.uses[name] = self.uses.get(name, 0) + 1
        self.outputs = {port.tensor for port in graph.outputs}
        for name in self.outputs:
            self.uses[name] = self.uses.get(name, 0) + 1
        self._new: list[Operator] = []
        self._tensors: dict[str, Tensor] = {}
        self._names: dict[str, str] = {}
        self._taken = set(graph.tensors) | {op.name for op in graph.operators}
        self._ports: dict[str, Port] = {}
        self.changed = False

    def tensor(self, name: str) -> Tensor:
        return self._tensors.get(name) or self.graph.tensor(name)

    def used_once(self, name: str) -> bool:
        """One reader and no output port, or one output port and no reader."""
        return self.uses.get(name, 0) == 1

    def is_output(self, name: str) -> bool:
        return name in self.outputs

    def current(self, name: str) -> str:
        """The tensor that now stands for `name`."""
        while name in self._names:
            name = self._names[name]
        return name

    def unique(self, base: str) -> str:
        name, index = base, 1
        while name in self._taken:
            name, index = f"{base}_{index}", index + 1
        self._taken.add(name)
        return name

    def new_tensor(self, tensor: Tensor) -> str:
        """Adds a tensor under its name, made unique."""
        unique = self.unique(tensor.name)
        self._tensors[unique] = replace(tensor, name=unique)
        self.changed = True
        return unique

    def replace_tensor(self, tensor: Tensor) -> None:
        """Changes a tensor in place, its name stays."""
        self._tensors[tensor.name] = tensor
        self.changed = True

    def keep(self, op: Operator) -> None:
        """Takes an operator over, reading the tensors that now stand for its inputs."""
        inputs = tuple(self.current(name) for name in op.inputs)
        self._new.append(op if inputs == op.inputs else replace(op, inputs=inputs))

    def add(self, op: Operator) -> None:
        self.keep(op)
        self.changed = True

    def rename(self, old: str, new: str) -> None:
        """Later operators and output ports read `new` instead of `old`."""
        self._names[old] = new
        self.changed = True

    def set_ports(self, ports: Sequence[Port], changed: Sequence[Port]) -> None:
        """Replaces ports, one by one."""
        self._ports.update({f"{id(old)}": new for old, new in zip(ports, changed, strict=True)})
        self.changed = True

    def finish(self) -> Graph:
        if not self.changed:
            return self.graph

        def port(old: Port) -> Port:
            new = self._ports.get(f"{id(old)}", old)
            return replace(new, tensor=self.current(new.tensor))

        return self.graph.with_changes(
            operators=self._new,
            new_tensors=self._tensors.values(),
            inputs=[port(p) for p in self.graph.inputs],
            outputs=[port(p) for p in self.graph.outputs],
        )
