"""Armv7-M kernels on an emulated Cortex-M3: right bits, and instructions counted on the shapes of MLPerf Tiny."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from mcugen.boards import load_board
from mcugen.boards.board import Board
from mcugen.kernels import registry
from tests.graph.strategies import Case, conv2d_graphs, depthwise_graphs, fully_connected_graphs
from tests.kernels.checking import CORTEX_M3
from tests.kernels.dsp.test_counts import LAYERS, Layer, _collect, _graph
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator

# Most instructions per MAC that the shapes may take: (kind, kernel) -> bound. Two multiply-accumulates are one SMLAL.
MOST = {
    ("conv", (1, 1)): 2.7,
    ("conv", (3, 3)): 2.0,
    ("conv", (10, 4)): 1.5,
    ("conv", (1, 9)): 1.2,
    ("depthwise", (3, 3)): 4.8,
    ("depthwise", (5, 5)): 2.5,
    ("fully connected", (1, 1)): 2.1,
}


@pytest.mark.parametrize("layers", [LAYERS[::4], pytest.param(LAYERS, marks=pytest.mark.slow)], ids=["some", "all"])
def test_instructions_per_mac_and_their_estimate(layers: Sequence[Layer]) -> None:
    graphs = [_graph(layer) for layer in layers]
    too_slow, misjudged = [], []
    for layer, graph, result in zip(layers, graphs, run_on_target(graphs, "mps2_an385", trace=False), strict=True):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M3)
        assert kernel.name == result.entry.kernel
        per_mac = result.instructions / graph.macs()
        estimate = kernel.cost(op, graph) / result.instructions
        print(f"{layer!s:45} {kernel.name:40} {result.instructions:8} {per_mac:5.2f} per MAC, estimate {estimate:.2f}")
        if per_mac > MOST[layer.kind, layer.kernel]:
            too_slow.append(f"{layer}: {per_mac:.3f} instructions per MAC")
        if not 0.88 < estimate < 1.12:
            misjudged.append(f"{layer}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged


STRATEGIES = {
    "conv2d": conv2d_graphs(grouped=False),
    "conv2d_1x1": conv2d_graphs(kernel=(1, 1), padding="valid", grouped=False),
    "depthwise": depthwise_graphs(),
    "depthwise_3x3": depthwise_graphs(kernel=(3, 3), dilation=(1, 1), multiplier=1),
    "fully_connected": fully_connected_graphs(),
}


@pytest.fixture
def only_armv7m(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel policy whose kernels win against the portable ones wherever they can run at all."""
    for kernel in registry.LIBRARIES["armv7m"]:
        monkeypatch.setattr(type(kernel), "cost", lambda *_: 0.0)
    return "native"


def _check(cases: list[Case], board: str | Board, policy: str, optimize: str = "speed") -> None:
    # Every input and output is a file, and an emulator opens only so many.
    kernels = []
    for first in range(0, len(cases), 12):
        results = run_on_target([c.graph for c in cases[first : first + 12]], board, optimize=optimize, kernels=policy)
        assert all(r.match for r in results)
        kernels += [r.entry.kernel for r in results]
    assert sum(name.endswith(".armv7m") for name in kernels) > len(cases) // 3, kernels


def test_random_layers_give_the_reference_bits_on_the_core(only_armv7m: str) -> None:
    """The instructions themselves, and what the compiler makes of constant parameters."""
    cases = [c for strategy in STRATEGIES.values() for c in _collect(strategy, 6)]
    _check(cases[::3], "mps2_an385", only_armv7m)


def _m33_without_dsp() -> Board:
    board = load_board("rpi_pico2")
    return dataclasses.replace(board, cpu=dataclasses.replace(board.cpu, dsp=False))


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("optimize", ["speed", "size"])
@pytest.mark.parametrize("core", ["m3", "m33"])
def test_random_layers_on_other_cores_and_options(name: str, optimize: str, core: str, only_armv7m: str) -> None:
    board = _m33_without_dsp() if core == "m33" else "mps2_an385"
    _check(_collect(STRATEGIES[name], 36), board, only_armv7m, optimize)
