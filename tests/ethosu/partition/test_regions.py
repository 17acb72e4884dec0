"""Groups of operators for the NPU: any graph, any choice of operators."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.ethosu.partition.cut import subnetwork
from mcugen.ethosu.partition.regions import regions
from mcugen.graph.graph import Graph
from mcugen.graph.reference import run
from tests.plan.networks import NetworkBuilder
from tests.plan.test_planner import networks


@st.composite
def choices(draw: st.DrawFn) -> tuple[Graph, set[str]]:
    graph = draw(networks())
    return graph, {op.name for op in graph if draw(st.booleans())}


@settings(max_examples=80, deadline=None)
@given(choices())
def test_groups_hold_what_can_go_and_run_as_one(case: tuple[Graph, set[str]]) -> None:
    graph, eligible = case
    groups = regions(graph, eligible)
    assert sorted(op.name for group in groups for op in group) == sorted(eligible)
    number = {op.name: index for index, group in enumerate(groups) for op in group}
    producer = {t: op for op in graph for t in op.outputs}
    # What an operator depends on, and through which of them a path has left its group.
    outside: dict[str, set[int]] = {}
    reached: dict[str, set[int]] = {}
    for op in graph:
        mine = number.get(op.name)
        before = [producer[t] for t in op.inputs if t in producer]
        reached[op.name] = set().union(*(reached[b.name] for b in before)) | ({mine} if mine is not None else set())
        outside[op.name] = set().union(*(outside[b.name] for b in before))
        outside[op.name] |= {g for b in before for g in reached[b.name] if number.get(b.name) != g}
        outside[op.name] |= {g for g in set().union(*(reached[b.name] for b in before)) if g != mine}
        assert mine is None or mine not in outside[op.name], f"a path leaves the group of {op.name} and comes back"


@settings(max_examples=40, deadline=None)
@given(choices())
def test_a_group_alone_computes_the_same(case: tuple[Graph, set[str]]) -> None:
    graph, eligible = case
    generator = np.random.default_rng(0)
    inputs = {
        p.tensor: generator.integers(-128, 128, graph.tensor(p.tensor).shape).astype(np.int8) for p in graph.inputs
    }
    whole = run(graph, inputs)
    for group in regions(graph, eligible):
        network = subnetwork(graph, group, "part")
        network.validate()
        found = run(network, {p.tensor: whole[p.tensor] for p in network.inputs})
        for port in network.outputs:
            assert np.array_equal(found[port.tensor], whole[port.tensor])


def test_branches_that_meet_are_one_group() -> None:
    net = NetworkBuilder("branches")
    x = net.input(1, 4, 4, 4)
    left, right = net.conv(x, 4, (3, 3)), net.conv(x, 4)
    graph = net.build(net.add(left, right))
    assert [len(group) for group in regions(graph, {op.name for op in graph})] == [3]


def test_an_operator_in_the_middle_makes_two() -> None:
    net = NetworkBuilder("middle")
    first = net.conv(net.input(1, 4, 4, 4), 4, (3, 3))
    graph = net.build(net.conv(net.depthwise(first), 4))
    groups = regions(graph, {op.name for op in graph if op.kind == "conv2d"})
    assert [[op.kind for op in group] for group in groups] == [["conv2d"], ["conv2d"]]
