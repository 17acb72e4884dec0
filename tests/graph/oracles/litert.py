"""The LiteRT interpreter with its reference kernels, as an oracle for graphs."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Graph, IntArray
from mcugen.litert.writer import write

interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")


def run_litert(graph: Graph, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
    """Writes the graph as a LiteRT model and runs it once; returns the graph's outputs by tensor name."""
    machine = interpreter.Interpreter(
        model_content=write(graph), experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF
    )
    machine.allocate_tensors()
    for port, detail in zip(graph.inputs, machine.get_input_details(), strict=True):
        assert tuple(detail["shape"]) == graph.tensor(port.tensor).shape
        machine.set_tensor(detail["index"], np.array(inputs[port.tensor], order="C"))
    machine.invoke()
    details = machine.get_output_details()
    return {p.tensor: machine.get_tensor(d["index"]) for p, d in zip(graph.outputs, details, strict=True)}
