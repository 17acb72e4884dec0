"""What LiteRT files keep between inferences: read back, each step has TensorFlow Lite Micro's bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import load_model
from mcugen.frontend.litert.held import resting
from mcugen.graph import Graph, IntArray, Quantization, Tensor
from mcugen.graph.graph import State
from mcugen.graph.ops import Sub
from mcugen.graph.reference import kept, reset, run
from mcugen.litert.writer import write
from tests.graph.oracles.test_litert import sweep
from tests.graph.oracles.tflm import Stepper
from tests.graph.strategies.draws import Case
from tests.graph.strategies.kept_state import sequence_lstm_graphs, stateful, steps_of, svdf_graphs
from tests.graph.strategies.streaming import streaming_network

KINDS = {"svdf": svdf_graphs, "unidirectional_sequence_lstm": sequence_lstm_graphs}


def load(graph: Graph, folder: Path) -> Graph:
    """The graph of the file that is written for a graph, as a user's command gets it."""
    path = folder / "model.tflite"
    path.write_bytes(write(graph))
    return load_model(path)


def outputs(graph: Graph, samples: list[IntArray]) -> list[IntArray]:
    """Of consecutive steps."""
    state, found = reset(graph), []
    for x in samples:
        values = run(graph, {graph.inputs[0].tensor: x}, state)
        state = kept(graph, values)
        found.append(values[graph.outputs[0].tensor])
    return found


def assert_steps_as_tflm(graph: Graph, read: Graph, steps: int) -> None:
    samples = steps_of(graph, steps, np.random.default_rng(1))
    machine, name = Stepper(graph), graph.outputs[0].tensor
    for i, (x, ours) in enumerate(zip(samples, outputs(read, samples), strict=True)):
        theirs = machine.step({graph.inputs[0].tensor: x})[name]
        np.testing.assert_array_equal(ours, theirs.reshape(ours.shape), err_msg=f"step {i}")


@pytest.mark.parametrize("kind", KINDS)
def test_layers_keep_their_state(kind: str, tmp_path: Path) -> None:
    def check(case: Case) -> None:
        graph = stateful(case)
        read = load(graph, tmp_path)
        assert [op.kind for op in read.operators] == [kind]
        assert_steps_as_tflm(graph, read, 4)

    sweep(KINDS[kind](), 15, check)


def test_a_streaming_network_has_tflms_bits_for_two_hundred_steps(tmp_path: Path) -> None:
    graph = streaming_network(3)
    read = load(graph, tmp_path)
    assert [s.name for s in read.states] == [s.name for s in graph.states] and len(read.states) == 6
    for ours, theirs in zip(read.states, graph.states, strict=True):
        np.testing.assert_array_equal(ours.initial, theirs.initial)
    assert_steps_as_tflm(graph, read, 200)


def test_what_the_reference_keeps_is_what_the_file_keeps(tmp_path: Path) -> None:
    """Bytes that differ from step to step: a state whose steps all look alike would prove nothing."""
    read = load(streaming_network(5, variables=2), tmp_path)
    found = outputs(read, steps_of(read, 20, np.random.default_rng(2)))
    assert len({x.tobytes() for x in found}) > 10


def counter(initial: int, shape: tuple[int, ...] = (1, 4)) -> Graph:
    """A state from which each step subtracts its input."""
    q = Quantization.per_tensor(0.5, 3)
    tensors = [Tensor(name, shape, "int8", q) for name in ("x", "h", "y")]
    op = Sub(name="less", inputs=("h", "x"), outputs=("y",))
    ports = streaming_network(0, 1)
    port = replace(ports.inputs[0], tensor="x", name="x", shape=shape, to_device=tuple(range(len(shape))))
    state = State("h", "h", "y", np.full(shape, initial, np.int8))
    graph = Graph("counter", {t.name: t for t in tensors}, (op,), (port,), (replace(port, tensor="y", name="y"),))
    return replace(graph, states=(state,))


@pytest.mark.parametrize("initial", [3, -100])
def test_call_once_sets_what_a_state_starts_from(initial: int, tmp_path: Path) -> None:
    graph = counter(initial)
    read = load(graph, tmp_path)
    assert (read.states[0].initial == initial).all()
    assert_steps_as_tflm(graph, read, 6)


def test_a_variable_that_nothing_sets_starts_at_its_zero_point() -> None:
    assert (resting(Tensor("h", (2, 3), "int8", Quantization.per_tensor(0.1, -7))) == -7).all()
    assert (resting(Tensor("h", (2,), "int16", Quantization.per_tensor(0.1, 0, 16))) == 0).all()
    # Every byte is the zero point's lowest.
    assert (resting(Tensor("h", (2,), "int16", Quantization.per_tensor(0.1, 2, 16))) == 0x0202).all()


def test_a_layer_whose_state_others_set_is_refused() -> None:
    def check(case: Case) -> None:
        graph = stateful(case)
        other = replace(graph.states[0], initial=graph.states[0].initial ^ 1)
        with pytest.raises(UnsupportedOperatorError, match="starts from zeros"):
            write(replace(graph, states=(other,)))

    sweep(svdf_graphs(), 1, check)
