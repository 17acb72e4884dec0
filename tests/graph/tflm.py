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


def run_tflm(graph: Graph, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
    """Writes the graph as a LiteRT model and runs it once; returns the graph's outputs by tensor name."""
    machine = runtime.Interpreter.from_bytes(write(graph), arena_size=_ARENA_BYTES)
    for index, port in enumerate(graph.inputs):
        machine.set_input(np.ascontiguousarray(inputs[port.tensor]), index)
    machine.invoke()
    return {p.tensor: machine.get_output(i) for i, p in enumerate(graph.outputs)}
