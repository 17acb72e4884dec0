"""Graphs written as LiteRT files and read back: TensorFlow Lite Micro's bits, from what the file says alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume

from mcugen.frontend.litert.importer import build
from mcugen.frontend.litert.model import read_model
from mcugen.graph import Graph, IntArray
from mcugen.graph.layout import to_device_layout, to_model_layout
from mcugen.graph.reference import run
from mcugen.litert.writer import write
from mcugen.passes import optimize
from tests.graph import strategies as s
from tests.graph.oracles.test_litert import sweep
from tests.graph.oracles.test_tflm import KINDS, defined
from tests.graph.oracles.tflm import run_tflm
from tests.graph.strategies.networks import network_graphs


def read_back(graph: Graph) -> Graph:
    """The graph of the file that is written for a graph."""
    return build(read_model(write(graph)), f"{graph.name}.tflite")


def results(graph: Graph, inputs: list[IntArray]) -> list[IntArray]:
    """The outputs in the file's layout, in the order of the graph's."""
    given = zip(graph.inputs, inputs, strict=True)
    values = run(graph, {p.tensor: to_device_layout(p, graph.tensor(p.tensor), x) for p, x in given})
    return [to_model_layout(p, values[p.tensor]) for p in graph.outputs]


def assert_read_as_tflm_does(case: s.Case) -> None:
    assume(defined(case))
    assume(all(len(t.shape) <= 4 for t in case.graph.tensors.values()))
    assume(all(t.quantization is not None for t in case.graph.input_tensors(case.graph.operators[0])))
    read = read_back(case.graph)
    read.validate()
    given = [case.inputs[p.tensor] for p in case.graph.inputs]
    theirs = list(run_tflm(*case).values())
    for graph in (read, optimize(read)):
        for ours, wanted in zip(results(graph, given), theirs, strict=True):
            np.testing.assert_array_equal(ours.reshape(wanted.shape), wanted)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_operator(kind: str) -> None:
    sweep(KINDS[kind](), 2, assert_read_as_tflm_does)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_operator_long(kind: str) -> None:
    sweep(KINDS[kind](), 400, assert_read_as_tflm_does)


def test_networks() -> None:
    def check(case: s.Case) -> None:
        assert_read_as_tflm_does(case)

    sweep(network_graphs(), 5, check)
