"""Plans of synthetic networks and random graphs, run on a model of memory."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.errors import DoesNotFitError, InputError
from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.concatenation import Concatenation
from mcugen.graph.tensor import IntArray
from mcugen.plan.describe import as_dict, as_text, memory_map
from mcugen.plan.plan import Plan
from mcugen.plan.planner import make_plan
from tests.plan import memory
from tests.plan.fakes import PLAIN, SHARING, FakeKernel, board, finder
from tests.plan.networks import NETWORKS, NetworkBuilder

LIMITS = {"ds_cnn": 16_500, "mobilenet": 55_500, "resnet8": 49_500, "autoencoder": 800}
SHARED = {"ds_cnn": 10_944, "mobilenet": 46_656, "resnet8": 33_856, "autoencoder": 256}


@pytest.mark.parametrize("name", NETWORKS)
def test_example_shapes_reach_the_bound_without_sharing(name: str) -> None:
    plan = make_plan(NETWORKS[name](), board(), find=finder(PLAIN))
    memory.run(plan)
    assert plan.arena.size == plan.arena.lower_bound == plan.arena.live_bound <= LIMITS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_example_shapes_reach_the_bound_with_sharing_and_scratch(name: str) -> None:
    plan = make_plan(NETWORKS[name](), board(), find=finder(SHARING))
    memory.run(plan)
    assert plan.arena.size == plan.arena.lower_bound == SHARED[name]


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Random branchy graphs: every operator kind, reshapes at the borders, tensors read twice or never."""
    net = NetworkBuilder("random")
    images = [net.input(1, draw(st.integers(1, 6)), 4, draw(st.integers(1, 5))) for _ in range(draw(st.integers(1, 2)))]
    flat: list[str] = []
    for _ in range(draw(st.integers(1, 10))):
        x = draw(st.sampled_from(images))
        same = [y for y in images if net.shape(y) == net.shape(x)]
        match draw(st.sampled_from(["conv", "depthwise", "add", "mean", "flatten", "concat", "softmax"])):
            case "conv":
                size = draw(st.sampled_from([(1, 1), (3, 3)]))
                images.append(net.conv(x, draw(st.integers(1, 9)), size, draw(st.integers(1, 2))))
            case "depthwise":
                images.append(net.depthwise(x, draw(st.integers(1, 2))))
            case "add":
                images.append(net.add(x, draw(st.sampled_from(same))))
            case "mean":
                images.append(net.mean(x))
            case "flatten":
                flat.append(net.flatten(x))
            case "softmax":
                images.append(net.softmax(x))
            case "concat":
                y = draw(st.sampled_from(same))
                shape = (*net.shape(x)[:3], 2 * net.shape(x)[3])
                images.append(net.add_op(Concatenation, (x, y), shape, axis=3))
    unread = [n for n in (*images, *flat) if all(n not in op.inputs for op in net.operators)]
    outputs = draw(st.lists(st.sampled_from([*images, *flat]), min_size=1, max_size=3))
    return net.build(*dict.fromkeys([*unread[: draw(st.integers(0, 3))], *outputs]))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(networks(), st.sampled_from(["speed", "ram"]))
def test_random_graphs_run_undamaged(graph: Graph, optimize: str) -> None:
    plan = make_plan(graph, board(), optimize=optimize, find=finder([*SHARING, *PLAIN]))
    plan.graph.validate()
    memory.run(plan)
    assert plan.arena.lower_bound <= plan.arena.size
    assert [op.name for op in plan.graph.operators] == [s.operator.name for s in plan.steps]


def simple(*outputs: str) -> Graph:
    """x0 -> conv -> t0 -> reshape -> t1"""
    net = NetworkBuilder("simple")
    net.flatten(net.conv(net.input(1, 4, 4, 2), 2))
    return net.build(*outputs)


def plan_of(graph: Graph, **options: object) -> Plan:
    plan = make_plan(graph, board(), find=finder(SHARING), **options)  # type: ignore[arg-type]
    memory.run(plan)
    return plan


def copies(plan: Plan) -> list[str]:
    return [s.operator.name for s in plan.steps if s.operator.kind == "copy"]


def test_borders_are_the_callers_memory() -> None:
    plan = plan_of(simple("t1"))
    assert plan.storage == {"x0": "input:0", "t0": "output:0", "t1": "output:0"}
    assert not copies(plan)


def test_an_input_as_output_is_copied() -> None:
    plan = plan_of(simple("x0"))
    assert copies(plan) == ["copy_x0"]
    assert plan.graph.outputs[0].tensor == "x0_copy" and plan.graph.outputs[0].name == "x0"


def test_a_reshaped_input_as_output_is_copied() -> None:
    net = NetworkBuilder("flat")
    plan = plan_of(net.build(net.flatten(net.input(1, 4, 4, 2))))
    assert copies(plan) == ["copy_t0"]


def test_two_outputs_of_one_buffer_are_two_copies() -> None:
    plan = plan_of(simple("t0", "t1"))
    assert copies(plan) == ["copy_t1"]
    assert plan.storage["t0"] == plan.storage["t1"] == "output:0"


def test_one_tensor_as_two_outputs() -> None:
    graph = simple("t0")
    port = graph.outputs[0]
    twice = graph.with_changes(outputs=[port, Port(port.tensor, "again", port.shape, port.to_device)])
    assert len(copies(plan_of(twice))) == 1


def test_a_constant_output_is_copied() -> None:
    net = NetworkBuilder("constant")
    net.input(1, 2, 2, 1)
    plan = make_plan(net.build(net.constant("c", (1, 4), 1)), board())
    (step,) = plan.steps
    assert step.operator.kind == "copy" and not step.invocation.inputs and len(step.invocation.constants) == 1
    assert plan.storage[step.operator.outputs[0]] == "output:0"


def test_an_output_that_is_read_again_is_not_overwritten() -> None:
    net = NetworkBuilder("tap")
    tapped = net.softmax(net.input(1, 4, 4, 2))
    plan = plan_of(net.build(tapped, net.softmax(net.softmax(tapped))))
    assert plan.storage[tapped] == "output:0"
    # The softmax in the middle has one buffer of its own: its source belongs to the caller.
    assert plan.arena.size == 32


def test_a_tensor_read_twice_by_one_call_needs_both_permissions() -> None:
    net = NetworkBuilder("twice")
    x = net.softmax(net.input(1, 4, 4, 2))
    graph = net.build(net.softmax(net.add(x, x)))
    assert plan_of(graph).arena.size == 32
    for overlap, size in (("first", 64), ("skewed", 40)):
        kernels = [FakeKernel("add", overlap), *(k for k in SHARING if k.kind != "add")]
        plan = make_plan(graph, board(), find=finder(kernels))
        memory.run(plan)
        assert plan.arena.size == size


def test_a_tensor_that_lives_on_is_not_overwritten() -> None:
    net = NetworkBuilder("residual")
    x = net.softmax(net.input(1, 4, 4, 2))
    plan = plan_of(net.build(net.softmax(net.add(net.softmax(x), x))))
    assert plan.arena.size == 64


@dataclass(frozen=True, kw_only=True)
class Split(Operator):
    """An operator with two outputs, which no example has."""

    kind: ClassVar[str] = "split"

    def validate(self, inputs: object, outputs: object) -> None:
        pass

    def reference(self, inputs: object, tensors_in: object, tensors_out: object) -> list[IntArray]:
        raise NotImplementedError


def test_an_operator_with_two_outputs_keeps_them_apart_and_overwrites_nothing() -> None:
    net = NetworkBuilder("split")
    x = net.softmax(net.input(1, 4, 4, 2))
    first, second = (net.activation(name, (1, 4, 4, 1)) for name in ("first", "second"))
    net.operators.append(Split(name="split", inputs=(x,), outputs=(first, second)))
    graph = net.build(net.softmax(second), net.add(first, first))
    plan = make_plan(graph, board(), find=finder([*SHARING, FakeKernel("split", "inplace")]))
    memory.run(plan)
    assert plan.arena.size == plan.arena.lower_bound == 64


def test_dead_operators_have_room_for_their_output() -> None:
    net = NetworkBuilder("dead")
    x = net.input(1, 4, 4, 2)
    net.conv(x, 3)
    plan = plan_of(net.build(net.softmax(x)))
    assert plan.arena.placements["t0"].first_step == plan.arena.placements["t0"].last_step


def test_branches_are_reordered_when_that_saves_memory() -> None:
    net = NetworkBuilder("branches")
    x = net.softmax(net.input(1, 8, 8, 4))
    large = [net.conv(x, 32, (3, 3)) for _ in range(3)]
    small = [net.conv(y, 4, (3, 3)) for y in large]
    graph = net.build(net.add(net.add(small[0], small[1]), small[2]))
    plan = make_plan(graph, board(), find=finder(PLAIN))
    memory.run(plan)
    given_order = 256 + 3 * 2048
    assert plan.arena.size == plan.arena.lower_bound < given_order
    assert plan.arena.size == 3 * 256 + 2048  # a large one with x, its own result, and the result so far


def test_speed_takes_the_cheapest_and_falls_back_only_where_memory_ends() -> None:
    fast = FakeKernel("conv2d", None, scratch=2000, cost=1)
    frugal = FakeKernel("conv2d", None, scratch=0, cost=5)
    net = NetworkBuilder("budget")
    x = net.conv(net.input(1, 8, 8, 2), 4)
    for channels in (16, 2):
        x = net.conv(x, channels)
    graph = net.build(net.conv(x, 1))

    def kernels(max_ram: int | None, optimize: str = "speed") -> tuple[list[str], int]:
        plan = make_plan(graph, board(), optimize=optimize, max_ram=max_ram, find=finder([fast, frugal]))
        memory.run(plan)
        return [s.invocation.kernel for s in plan.steps], plan.arena.size

    assert kernels(None) == ([fast.name] * 4, 16 * 2000 + 1024 + 128)
    names, size = kernels(10_000)
    assert size <= 10_000 and names == [fast.name, fast.name, frugal.name, fast.name]
    assert kernels(1280) == ([frugal.name] * 4, 1280)
    assert kernels(None, "ram") == ([frugal.name] * 4, 1280)
    with pytest.raises(DoesNotFitError, match="80 bytes more than the budget --max-ram") as caught:
        kernels(1200)
    assert caught.value.exit_code == 1


def test_size_takes_the_smallest_constants_and_flash_budgets_trade_speed() -> None:
    wide = FakeKernel("conv2d", None, cost=1, width=2)
    narrow = FakeKernel("conv2d", None, cost=3)
    net = NetworkBuilder("flash")
    x = net.conv(net.input(1, 8, 8, 2), 8)
    graph = net.build(net.conv(net.conv(x, 16), 4))
    weights = [16, 128, 64]

    def plan(**options: object) -> Plan:
        return make_plan(graph, board(), find=finder([wide, narrow]), **options)  # type: ignore[arg-type]

    assert plan().constant_bytes == 2 * sum(weights)
    assert plan(optimize="size").constant_bytes == sum(weights)
    traded = plan(max_flash=2 * sum(weights) - 100)
    assert [s.invocation.kernel for s in traded.steps] == [wide.name, narrow.name, wide.name]
    with pytest.raises(DoesNotFitError, match="8 bytes more than the budget --max-flash") as caught:
        plan(max_flash=200)
    assert caught.value.exit_code == 1
    assert "conv2d_1" in str(caught.value) and "net.py:11" in str(caught.value)


def test_kernels_that_enlarge_the_constants_are_for_speed_and_may_double_them() -> None:
    large = FakeKernel("conv2d", None, cost=1, width=4, enlarges=True)
    plain = FakeKernel("conv2d", None, cost=3)
    net = NetworkBuilder("flash")
    x = net.conv(net.input(1, 8, 8, 2), 8)
    graph = net.build(net.conv(net.conv(x, 16), 4))  # 16, 128 and 64 weights

    def kernels(**options: object) -> list[str]:
        plan = make_plan(graph, board(), find=finder([large, plain]), **options)  # type: ignore[arg-type]
        return [s.invocation.kernel for s in plan.steps]

    assert kernels() == [plain.name, plain.name, large.name]
    assert kernels(max_flash=4 * 16 + 128 + 4 * 64) == [large.name, plain.name, large.name]
    assert kernels(max_flash=10_000) == [large.name] * 3
    assert kernels(optimize="ram", max_flash=10_000) == kernels(optimize="size", max_flash=10_000) == [plain.name] * 3


def test_a_model_too_large_names_what_is_alive_at_the_peak() -> None:
    with pytest.raises(DoesNotFitError) as caught:
        make_plan(NETWORKS["mobilenet"](), board(ram=48 * 1024), find=finder(PLAIN))
    error = str(caught.value)
    assert caught.value.exit_code == 2
    assert "the arena needs 55,296 bytes: 6,144 bytes more than the RAM of testboard (sram), 49,152 bytes" in error
    assert "36,864  t2 1x48x48x16 int8 (net.py:12)" in error and "18,432  t1 1x48x48x8 int8 (net.py:11)" in error


@pytest.mark.parametrize("options", [{"optimize": "fast"}, {"max_ram": -1}, {"max_flash": -5}])
def test_options_that_make_no_sense(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        plan_of(simple("t1"), **options)


def test_the_memory_map_shows_every_step() -> None:
    plan = plan_of(NETWORKS["resnet8"]())
    rows = memory_map(plan)
    assert [r.operator for r in rows] == [s.operator.name for s in plan.steps if not s.invocation.alias]
    assert max(r.highest for r in rows) == plan.arena.size
    assert all(r.bytes_alive <= r.highest for r in rows)
    assert as_dict(plan)["gap_bytes"] == 0
    text = as_text(plan)
    assert text.startswith("arena 33856 bytes, lower bound 33856 (gap 0)") and "*2  conv2d_2" in text


_DIGEST = """
from tests.plan.fakes import SHARING, board, finder
from tests.plan.networks import ds_cnn, resnet8
from mcugen.plan.describe import as_text
from mcugen.plan.planner import make_plan
print([as_text(make_plan(f(), board(), find=finder(SHARING))) for f in (ds_cnn, resnet8)])
"""


def test_plans_do_not_depend_on_the_hash_seed() -> None:
    texts = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p) or "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
