"""Every pass, alone and together, keeps every integer of the outputs; and leaves the graphs that it should."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.layout import to_model_layout
from mcugen.graph.ops import Transpose
from mcugen.graph.tensor import IntArray
from mcugen.passes import FINAL_PASSES, PASSES, optimize
from mcugen.passes.movement import keeps_order
from tests.graph.draws import Case
from tests.graph.networks import network_graphs
from tests.passes.channels_first import channels_first

quick = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def model_inputs(case: Case) -> dict[str, IntArray]:
    """The case's inputs in the model's layout."""
    return {p.name: to_model_layout(p, case.inputs[p.tensor]) for p in case.graph.inputs}


def outputs(graph: Graph, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
    return reference.run_model_layout(graph, inputs)


def assert_same(before: Graph, after: Graph, inputs: dict[str, IntArray]) -> None:
    after.validate()
    assert [(p.name, p.shape) for p in before.inputs] == [(p.name, p.shape) for p in after.inputs]
    assert [(p.name, p.shape) for p in before.outputs] == [(p.name, p.shape) for p in after.outputs]
    expected, got = outputs(before, inputs), outputs(after, inputs)
    assert all(np.array_equal(expected[name], got[name]) for name in expected)


def moved_bytes(graph: Graph) -> int:
    """Bytes that transposes move on the device."""
    return sum(
        graph.tensor(op.outputs[0]).size_bytes
        for op in graph.operators
        if isinstance(op, Transpose) and not keeps_order(graph.tensor(op.inputs[0]).shape, op.permutation)
    )


@pytest.mark.parametrize("rewrite", dict.fromkeys((*PASSES, *FINAL_PASSES)), ids=lambda p: p.__name__)
def test_each_pass_is_exact(rewrite: Callable[[Graph], Graph]) -> None:
    changed = 0

    @quick
    @given(network_graphs())
    def check(case: Case) -> None:
        nonlocal changed
        for graph in (case.graph, channels_first(case.graph)):
            graph.validate()
            after = rewrite(graph)
            changed += after is not graph
            assert_same(graph, after, model_inputs(case))

    check()
    if rewrite.__name__ not in (
        "fold_constants",
        "fold_into_fully_connected",
        "fold_padding",
        "remove_dead",
        "share_movement",
    ):
        assert changed, "the networks never give this pass anything to do"


@quick
@given(network_graphs())
def test_channels_first_networks_lose_their_transposes(case: Case) -> None:
    graph = channels_first(case.graph)
    inputs = model_inputs(case)
    assert_same(case.graph, graph, inputs)
    after = optimize(graph)
    assert_same(graph, after, inputs)
    assert moved_bytes(after) <= moved_bytes(case.graph)
    assert len(after.operators) <= len(graph.operators)
    assert optimize(after) is after


@pytest.mark.slow
@settings(quick, max_examples=3000)
@given(network_graphs(steps=14))
def test_many_networks(case: Case) -> None:
    graph, inputs = channels_first(case.graph), model_inputs(case)
    after = optimize(graph)
    assert_same(graph, after, inputs)
    assert moved_bytes(after) <= moved_bytes(case.graph)
