"""LiteRT files with state on a board: consecutive samples are consecutive steps, with TensorFlow Lite Micro's bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcugen.graph import Graph
from mcugen.litert.writer import write
from tests.e2e.conftest import Finished
from tests.graph.oracles.test_litert import sweep
from tests.graph.oracles.tflm import Stepper
from tests.graph.strategies.draws import Case
from tests.graph.strategies.kept_state import sequence_lstm_graphs, stateful, steps_of, svdf_graphs
from tests.graph.strategies.streaming import streaming_network

pytestmark = pytest.mark.emulator

Command = Callable[..., Finished]


def check(graph: Graph, steps: int, board: str, command: Command, folder: Path) -> None:
    """emit and run, against TFLM's interpreter at each step."""
    (folder / "model.tflite").write_bytes(write(graph))
    module, port = folder / "module", graph.inputs[0]
    done = command("emit", folder / "model.tflite", "--board", board, "--output", module, "--force")
    assert done.code == 0, done.err
    samples = steps_of(graph, steps, np.random.default_rng(4))
    np.savez(folder / "x.npz", **{port.name: np.stack(samples)})
    done = command("run", module, "--inputs", folder / "x.npz", "--outputs", folder / "y.npz")
    assert done.code == 0, done.err
    machine, name = Stepper(graph), graph.outputs[0].tensor
    with np.load(folder / "y.npz") as results:
        ours = results[graph.outputs[0].name]
    for i, x in enumerate(samples):
        theirs = machine.step({port.tensor: x})[name]
        np.testing.assert_array_equal(ours[i].reshape(theirs.shape), theirs, err_msg=f"step {i}")


def test_steps_of_a_streaming_network(mcugen: Command, tmp_path: Path) -> None:
    """In fresh processes."""
    check(streaming_network(7), 40, "nrf5340dk", mcugen, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["mps2_an385", "nrf5340dk", "mps3_an547"])
def test_streaming_networks(board: str, command: Command, tmp_path: Path) -> None:
    for seed in range(3):
        check(streaming_network(seed), 200, board, command, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["mps2_an385", "nrf5340dk", "mps3_an547"])
@pytest.mark.parametrize("strategy", [svdf_graphs, sequence_lstm_graphs])
def test_layers_with_state(strategy: Callable[[], object], board: str, command: Command, tmp_path: Path) -> None:
    def some(case: Case) -> None:
        check(stateful(case), 30, board, command, tmp_path)

    sweep(strategy(), 12, some)  # type: ignore[arg-type]
