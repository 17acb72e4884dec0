"""Layers that keep a state, step by step, against TFLM's interpreter: every bit of every step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.graph import Graph
from mcugen.graph.reference import kept, reset, run
from tests.graph.oracles.tflm import Stepper
from tests.graph.strategies.draws import Case
from tests.graph.strategies.kept_state import sequence_lstm_graphs, stateful, steps_of, svdf_graphs
from tests.graph.strategies.streaming import streaming_network

KINDS = {"svdf": svdf_graphs, "unidirectional_sequence_lstm": sequence_lstm_graphs}


def check(graph: Graph, steps: int) -> None:
    """Each step's output, after a reset, in the integer reference and in TFLM's interpreter."""
    given, name = graph.inputs[0].tensor, graph.outputs[0].tensor
    state, machine, seen = reset(graph), Stepper(graph), set()
    for i, x in enumerate(steps_of(graph, steps, np.random.default_rng(0))):
        values = run(graph, {given: x}, state)
        state = kept(graph, values)
        theirs = machine.step({given: x})[name]
        np.testing.assert_array_equal(values[name], theirs.reshape(values[name].shape), err_msg=f"step {i}")
        seen.add(theirs.tobytes())
    assert steps < 50 or len(seen) > steps // 4


def run_property(kind: Callable[[], st.SearchStrategy[Case]], examples: int, steps: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(kind())
    def property_(case: Case) -> None:
        check(stateful(case), steps)

    property_()


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_has_tflms_bits(kind: str) -> None:
    run_property(KINDS[kind], 60, 5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_layers_and_steps(kind: str) -> None:
    run_property(KINDS[kind], 500, 12)


def test_two_hundred_steps_of_a_streaming_network_with_six_variables() -> None:
    """Its states are variables that a subgraph sets once; every second one starts from random values."""
    check(streaming_network(1), 200)
