"""Inputs and outputs in the model's layout: the transposes that the borders had are the network's own."""

from __future__ import annotations

import math
from dataclasses import replace

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops import Operator, Reshape, Transpose
from mcugen.graph.tensor import Tensor


def keep_model_layout(graph: Graph) -> Graph:
    """The graph with ports whose elements lie as in the model file.

    Behind the passes that move transposes.
    Ports in which nothing but axes of one element change places stay as they are.
    """
    borders = _Borders(graph)
    inputs = [borders.input(port) for port in graph.inputs]
    outputs = [borders.output(port) for port in graph.outputs]
    operators = (*borders.before, *graph.operators, *borders.behind)
    return graph.with_changes(operators=operators, new_tensors=borders.tensors, inputs=inputs, outputs=outputs)


class _Borders:
    def __init__(self, graph: Graph) -> None:
        self.before: list[Operator] = []
        self.behind: list[Operator] = []
        self.tensors: list[Tensor] = []
        self._graph = graph
        self._taken = set(graph.tensors) | {op.name for op in graph.operators}

    def input(self, port: Port) -> Port:
        if not _moves(port):
            return port
        inner = self._graph.tensor(port.tensor)
        outer = self._tensor(port, inner, port.shape)
        turned = tuple(port.shape[axis] for axis in port.to_device)
        if turned == inner.shape:
            self._turn(self.before, port, outer, inner, port.to_device)
        else:
            between = self._tensor(port, inner, turned)
            self._turn(self.before, port, outer, between, port.to_device)
            self._reshape(self.before, port, between, inner)
        return _plain(port, outer)

    def output(self, port: Port) -> Port:
        if not _moves(port):
            return port
        inner = self._graph.tensor(port.tensor)
        turned = tuple(port.shape[axis] for axis in port.to_device)
        if turned != inner.shape:
            between = self._tensor(port, inner, turned)
            self._reshape(self.behind, port, inner, between)
            inner = between
        outer = self._tensor(port, inner, port.shape)
        self._turn(self.behind, port, inner, outer, port.to_model)
        return _plain(port, outer)

    def _tensor(self, port: Port, like: Tensor, shape: tuple[int, ...]) -> Tensor:
        made = replace(like, name=self._unique(f"{port.name}_as_in_the_model"), shape=shape)
        self.tensors.append(made)
        return made

    def _turn(
        self, operators: list[Operator], port: Port, before: Tensor, after: Tensor, permutation: tuple[int, ...]
    ) -> None:
        name = self._unique(f"{port.name}_layout")
        operators.append(Transpose(name=name, inputs=(before.name,), outputs=(after.name,), permutation=permutation))

    def _reshape(self, operators: list[Operator], port: Port, before: Tensor, after: Tensor) -> None:
        name = self._unique(f"{port.name}_shape")
        operators.append(Reshape(name=name, inputs=(before.name,), outputs=(after.name,)))

    def _unique(self, base: str) -> str:
        name, number = base, 1
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name


def _moves(port: Port) -> bool:
    """Whether the elements lie in another order on the device."""
    axes = [axis for axis in port.to_device if port.shape[axis] > 1]
    return axes != sorted(axes) and math.prod(port.shape) > 0


def _plain(port: Port, tensor: Tensor) -> Port:
    return replace(port, tensor=tensor.name, to_device=tuple(range(len(port.shape))))
