"""TFLM's own interpreter (the package `tflite-micro`), as an oracle for graphs: its bits are the ones to give."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Graph, IntArray
from mcugen.litert.writer import write

runtime = pytest.importorskip(
    "tflite_micro.python.tflite_micro.runtime", reason="the package tflite-micro is not installed"
)

_ARENA_BYTES = 1 << 22


class Stepper:
    """A graph as a LiteRT model in TFLM's interpreter, which keeps its state from one inference to the next."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._machine = runtime.Interpreter.from_bytes(write(graph), arena_size=_ARENA_BYTES)

    def step(self, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
        """One inference; the graph's outputs by tensor name."""
        for index, port in enumerate(self._graph.inputs):
            self._machine.set_input(np.ascontiguousarray(inputs[port.tensor]), index)
        self._machine.invoke()
        return {p.tensor: self._machine.get_output(i) for i, p in enumerate(self._graph.outputs)}


def run_tflm(graph: Graph, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
    """Writes the graph as a LiteRT model and runs it once; returns the graph's outputs by tensor name."""
    return Stepper(graph).step(inputs)
