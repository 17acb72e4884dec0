"""Layers that keep a state, step by step, against TFLM's interpreter: every bit of every step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.graph.reference import kept, reset, run
from tests.graph.draws import Case
from tests.graph.kept_state import sequence_lstm_graphs, stateful, steps_of, svdf_graphs
from tests.graph.tflm import Stepper

KINDS = {"svdf": svdf_graphs, "unidirectional_sequence_lstm": sequence_lstm_graphs}


def check(case: Case, steps: int) -> None:
    graph = stateful(case)
    given, name = graph.inputs[0].tensor, graph.outputs[0].tensor
    state, machine = reset(graph), Stepper(graph)
    for i, x in enumerate(steps_of(graph, steps, np.random.default_rng(0))):
        values = run(graph, {given: x}, state)
        state = kept(graph, values)
        theirs = machine.step({given: x})[name]
        np.testing.assert_array_equal(values[name], theirs.reshape(values[name].shape), err_msg=f"step {i}")


def run_property(kind: Callable[[], st.SearchStrategy[Case]], examples: int, steps: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(kind())
    def property_(case: Case) -> None:
        check(case, steps)

    property_()


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_has_tflms_bits(kind: str) -> None:
    run_property(KINDS[kind], 60, 5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_layers_and_steps(kind: str) -> None:
    run_property(KINDS[kind], 500, 12)
