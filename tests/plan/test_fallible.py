"""Steps that may fail: whatever the graph, nothing that lasts is written before the last of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Invocation
from mcugen.plan.plan import Plan
from mcugen.plan.planner import make_plan
from mcugen.plan.storage import is_border
from tests.plan import memory
from tests.plan.fakes import SHARING, FakeKernel, board, finder
from tests.plan.networks import NetworkBuilder
from tests.plan.test_planner import networks


class Fallible(FakeKernel):
    """Convolutions that may fail."""

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        return replace(super().invoke(op, graph), fallible=True)


KERNELS = [Fallible("conv2d", "windowed", scratch=4), *SHARING[1:]]


def check(plan: Plan) -> None:
    memory.run(plan)
    last = max((i for i, step in enumerate(plan.steps) if step.invocation.fallible), default=-1)
    for index, step in enumerate(plan.steps):
        if not step.invocation.alias and any(is_border(plan.storage[t]) for t in step.invocation.outputs):
            assert index >= last, f"{step.operator.name} writes to the caller before step {last}, which may fail"


@settings(max_examples=60, deadline=None)
@given(networks())
def test_outputs_are_written_last(graph: Graph) -> None:
    check(make_plan(graph, board(), find=finder(KERNELS)))


def test_an_output_that_more_is_made_of_is_copied_at_the_end() -> None:
    net = NetworkBuilder("early")
    first = net.conv(net.input(1, 4, 4, 4), 4, (3, 3))
    plan = make_plan(net.build(first, net.conv(first, 4)), board(), find=finder(KERNELS))
    check(plan)
    assert [step.operator.kind for step in plan.steps] == ["conv2d", "conv2d", "copy"]
