"""Every pass, alone and together, keeps every integer of the outputs; and leaves the graphs that it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mcugen.graph import reference
from mcugen.graph.graph import Graph, Port
from mcugen.graph.layout import to_model_layout
from mcugen.graph.ops import Add, Clamp, Conv2d, FullyConnected, MaxPool2d, Operator, Pad, Reshape, Take, Transpose
from mcugen.graph.tensor import IntArray, Quantization, Tensor
from mcugen.passes import FINAL_PASSES, PASSES, optimize
from mcugen.passes.assign_layouts import assign_layouts
from mcugen.passes.movement import keeps_order
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs
from tests.passes.channels_first import channels_first

quick = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


# Passes for what these networks hardly ever have; tests below look at them.
RARE = (
    "fold_constants",
    "fold_into_fully_connected",
    "fold_into_matmul",
    "fold_lookup",
    "fold_padding",
    "join_results",
    "split_concatenation",
    "move_unit_axes",
    "merge_takes",
    "remove_dead",
    "share_movement",
)


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


def both_layouts(case: Case) -> list[tuple[Graph, dict[str, IntArray]]]:
    inputs = model_inputs(case)
    return [(case.graph, inputs), (channels_first(case.graph), inputs)]


@cache
def drawn() -> list[tuple[Graph, dict[str, IntArray]]]:
    """Random networks with inputs, for all passes alike: drawing one takes longer than most passes over it."""
    found: list[tuple[Graph, dict[str, IntArray]]] = []
    quick(given(network_graphs())(lambda case: found.extend(both_layouts(case))))()
    for graph, _ in found:
        graph.validate()
    return found


@pytest.mark.parametrize("rewrite", dict.fromkeys((*PASSES, assign_layouts, *FINAL_PASSES)), ids=lambda p: p.__name__)
def test_each_pass_is_exact(rewrite: Callable[[Graph], Graph]) -> None:
    changed = 0

    def check(graph: Graph, inputs: dict[str, IntArray]) -> None:
        nonlocal changed
        after = rewrite(graph)
        if after is not graph:
            changed += 1
            assert_same(graph, after, inputs)

    def check_both(case: Case) -> None:
        for graph, inputs in both_layouts(case):
            check(graph, inputs)

    for graph, inputs in drawn():
        check(graph, inputs)
    if rewrite.__name__ not in RARE:
        if not changed:
            settings(quick, max_examples=600)(given(network_graphs())(check_both))()
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
@settings(quick, max_examples=1500)
@given(network_graphs(steps=14))
def test_many_networks(case: Case) -> None:
    graph, inputs = channels_first(case.graph), model_inputs(case)
    after = optimize(graph)
    assert_same(graph, after, inputs)
    assert moved_bytes(after) <= moved_bytes(case.graph)
    assert optimize(after) is after


# -- by hand: what the random networks do not reach -------------------------------------------------------------------

Q = Quantization.per_tensor(0.5, 3)


def tensor(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, "int8", Q)


def weights(name: str, *shape: int, axis: int = 0) -> Tensor:
    data = np.random.default_rng(len(name)).integers(-127, 128, shape).astype(np.int8)
    scales = np.linspace(0.001, 0.002, shape[axis])
    return Tensor(name, shape, "int8", Quantization.per_channel(scales, axis), data)


def made(tensors: list[Tensor], operators: list[Operator], outputs: list[str]) -> Graph:
    """A graph whose input is the first tensor; ports in the tensors' own order."""
    known = {t.name: t for t in tensors}

    def port(name: str) -> Port:
        return Port(name, f"port_{name}", known[name].shape, tuple(range(len(known[name].shape))))

    graph = Graph("made", known, tuple(operators), (port(tensors[0].name),), tuple(port(n) for n in outputs))
    graph.validate()
    return graph


def optimized(graph: Graph) -> Graph:
    """`optimize`, with the outputs compared on random inputs."""
    rng = np.random.default_rng(0)
    inputs = {p.name: rng.integers(-128, 128, (4, *p.shape[1:])).astype(np.int8) for p in graph.inputs}
    after = optimize(graph)
    assert_same(graph, after, inputs)
    return after


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.operators]


def move(source: str, target: str, *permutation: int) -> Transpose:
    return Transpose(name=target, inputs=(source,), outputs=(target,), permutation=permutation)


def shape(source: str, target: str) -> Reshape:
    return Reshape(name=target, inputs=(source,), outputs=(target,))


def pool(source: str, target: str) -> MaxPool2d:
    return MaxPool2d(name=target, inputs=(source,), outputs=(target,), kernel=(1, 1), stride=(1, 1))


def fully_connected(source: str, matrix: str, target: str) -> FullyConnected:
    return FullyConnected(name=target, inputs=(source, matrix), outputs=(target,))


def test_flatten_before_and_image_behind_fully_connected() -> None:
    graph = made(
        [
            tensor("x", 1, 3, 4, 2),
            tensor("a", 1, 3, 4, 2),
            tensor("nchw", 1, 2, 3, 4),
            tensor("flat", 1, 24),
            weights("w", 24, 24),
            tensor("y", 1, 24),
            tensor("image", 1, 2, 3, 4),
            tensor("nhwc", 1, 3, 4, 2),
            tensor("z", 1, 3, 4, 2),
        ],
        [
            pool("x", "a"),
            move("a", "nchw", 0, 3, 1, 2),
            shape("nchw", "flat"),
            fully_connected("flat", "w", "y"),
            shape("y", "image"),
            move("image", "nhwc", 0, 2, 3, 1),
            pool("nhwc", "z"),
        ],
        ["z"],
    )
    assert kinds(optimized(graph)) == ["max_pool2d", "reshape", "fully_connected", "reshape", "max_pool2d"]


def test_rows_stay_where_others_read_them() -> None:
    graph = made(
        [tensor("x", 1, 6), weights("w", 6, 6), tensor("y", 1, 6), tensor("m", 1, 2, 3), tensor("t", 1, 3, 2)],
        [fully_connected("x", "w", "y"), shape("y", "m"), move("m", "t", 0, 2, 1)],
        ["y", "t"],
    )
    after = optimized(graph)
    assert kinds(after).count("fully_connected") == 1


def test_padding_into_both_convolutions() -> None:
    conv = {"inputs": ("p", "w"), "padding": (1, 0, 2, 3)}
    graph = made(
        [
            tensor("x", 1, 4, 4, 2),
            tensor("p", 1, 7, 5, 2),
            weights("w", 3, 3, 3, 2),
            tensor("a", 1, 8, 6, 3),
            tensor("b", 1, 8, 6, 3),
        ],
        [
            Pad(name="p", inputs=("x",), outputs=("p",), padding=((0, 0), (1, 2), (0, 1), (0, 0))),
            Conv2d(name="a", outputs=("a",), **conv),
            Conv2d(name="b", outputs=("b",), **conv),
        ],
        ["a", "b"],
    )
    after = optimized(graph)
    assert kinds(after) == ["conv2d", "conv2d"]
    assert {op.padding for op in after.operators if isinstance(op, Conv2d)} == {(2, 0, 4, 4)}


def test_padding_of_channels_stays() -> None:
    graph = made(
        [tensor("x", 1, 4, 4, 2), tensor("p", 1, 4, 4, 3), weights("w", 3, 1, 1, 3), tensor("y", 1, 4, 4, 3)],
        [
            Pad(name="p", inputs=("x",), outputs=("p",), padding=((0, 0), (0, 0), (0, 0), (0, 1))),
            Conv2d(name="y", inputs=("p", "w"), outputs=("y",)),
        ],
        ["y"],
    )
    assert kinds(optimized(graph)) == ["pad", "conv2d"]


def test_clamps_meet() -> None:
    def clamp(source: str, target: str, low: int, high: int) -> Clamp:
        return Clamp(name=target, inputs=(source,), outputs=(target,), clamp=(low, high))

    graph = made(
        [tensor(name, 1, 5) for name in ("x", "a", "b", "c")],
        [clamp("x", "a", -100, 50), clamp("a", "b", 60, 70), clamp("b", "c", -128, 127)],
        ["c"],
    )
    (op,) = optimized(graph).operators
    assert isinstance(op, Clamp) and op.clamp == (60, 60)


def test_a_clamp_that_others_see_the_input_of_stays() -> None:
    graph = made(
        [tensor("x", 1, 5), weights("w", 4, 5), tensor("y", 1, 4), tensor("z", 1, 4)],
        [
            fully_connected("x", "w", "y"),
            Clamp(name="z", inputs=("y",), outputs=("z",), clamp=(3, 127)),
        ],
        ["y", "z"],
    )
    assert kinds(optimized(graph)) == ["fully_connected", "clamp"]


def test_takes_meet() -> None:
    def take(source: str, target: str, *places: int) -> Take:
        return Take(name=target, inputs=(source,), outputs=(target,), indices=((0,), places))

    graph = made(
        [tensor("x", 1, 5), tensor("a", 1, 4), tensor("b", 1, 6), tensor("c", 1, 2)],
        [take("x", "a", 4, 3, 2, 1), take("a", "b", 0, 0, 1, 2, 3, 3), take("b", "c", 5, 2)],
        ["c"],
    )
    (op,) = optimized(graph).operators
    assert isinstance(op, Take) and op.indices == ((0,), (1, 3))


def test_constants_are_computed() -> None:
    constant = Tensor("k", (2, 3), "int8", Q, np.arange(6, dtype=np.int8).reshape(2, 3))
    graph = made(
        [tensor("x", 3, 2), constant, tensor("t", 3, 2), tensor("y", 3, 2)],
        [move("k", "t", 1, 0), Add(name="y", inputs=("x", "t"), outputs=("y",))],
        ["y"],
    )
    graph = replace_first_axis(graph)
    assert kinds(optimized(graph)) == ["add"]


def test_constants_that_are_results_are_computed() -> None:
    constant = Tensor("k", (2, 3), "int8", Q, np.arange(6, dtype=np.int8).reshape(2, 3))
    graph = made([tensor("x", 3, 2), constant, tensor("y", 3, 2)], [move("k", "y", 1, 0)], ["y"])
    folded = optimized(replace_first_axis(graph))
    assert not kinds(folded)
    found = folded.tensor(folded.outputs[0].tensor).data
    assert found is not None and np.array_equal(found, np.arange(6).reshape(2, 3).T)


def replace_first_axis(graph: Graph) -> Graph:
    """Ports with a batch axis, as the reference runner wants them."""
    ports = [
        replace(p, shape=(1, *p.shape), to_device=(0, *(axis + 1 for axis in p.to_device)))
        for p in (*graph.inputs, *graph.outputs)
    ]
    return graph.with_changes(inputs=ports[:1], outputs=ports[1:])


def test_unit_axes_between_transposes_and_additions() -> None:
    """conv1d written as conv2d: squeeze, add, unsqueeze."""
    names = ["a", "b"]
    graph = made(
        [
            tensor("x", 1, 1, 6, 3),
            *(tensor(f"p{n}", 1, 1, 6, 3) for n in names),
            *(tensor(f"t{n}", 1, 3, 1, 6) for n in names),
            *(tensor(f"s{n}", 1, 3, 6) for n in names),
            tensor("sum", 1, 3, 6),
            tensor("u", 1, 3, 1, 6),
            tensor("nhwc", 1, 1, 6, 3),
            tensor("y", 1, 1, 6, 3),
        ],
        [
            *(pool("x", f"p{n}") for n in names),
            *(move(f"p{n}", f"t{n}", 0, 3, 1, 2) for n in names),
            *(shape(f"t{n}", f"s{n}") for n in names),
            Add(name="sum", inputs=("sa", "sb"), outputs=("sum",)),
            shape("sum", "u"),
            move("u", "nhwc", 0, 2, 3, 1),
            pool("nhwc", "y"),
        ],
        ["y"],
    )
    assert "transpose" not in kinds(optimized(graph))


def test_batch_axis_dropped_at_the_output() -> None:
    graph = made(
        [tensor("x", 1, 4, 5, 3), tensor("p", 1, 4, 5, 3), tensor("t", 1, 3, 4, 5), tensor("y", 3, 4, 5)],
        [pool("x", "p"), move("p", "t", 0, 3, 1, 2), shape("t", "y")],
        ["y"],
    )
    after = optimize(graph)
    assert kinds(after) == ["max_pool2d", "reshape"]
    assert after.outputs[0].to_device == (1, 2, 0)


def test_equal_transposes_are_done_once() -> None:
    graph = made(
        [
            tensor("x", 1, 4, 3),
            tensor("a", 1, 3, 4),
            tensor("b", 1, 3, 4),
            weights("w", 4, 4),
            tensor("y", 1, 3, 4),
            tensor("z", 1, 3, 4),
        ],
        [
            move("x", "a", 0, 2, 1),
            move("x", "b", 0, 2, 1),
            fully_connected("a", "w", "y"),
            fully_connected("b", "w", "z"),
        ],
        ["y", "z"],
    )
    assert kinds(optimized(graph)).count("transpose") <= 1


def test_returned_twice() -> None:
    graph = made(
        [tensor("x", 1, 4, 5, 3), tensor("p", 1, 4, 5, 3), tensor("q", 1, 4, 5, 3), tensor("r", 1, 4, 5, 3)],
        [pool("x", "p"), shape("p", "q"), shape("p", "r")],
        ["q", "r"],
    )
    after = optimized(graph)
    assert len({p.tensor for p in after.outputs}) == 2
