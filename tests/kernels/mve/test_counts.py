"""Helium kernels on an emulated Cortex-M55: right bits, and instructions counted on the shapes of MLPerf Tiny."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mcugen.boards import load_board
from mcugen.boards.board import Board, Core
from mcugen.emulate.renode_install import find_renode
from mcugen.graph import Graph
from mcugen.kernels import registry
from tests.graph.strategies import Case
from tests.kernels.dsp.test_counts import Layer, _collect, _graph
from tests.kernels.mve.cases import CASES, CORTEX_M55, supports
from tests.kernels.mve.test_requantization import FORMS, extreme_layers
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator
BOARD = "mps3_an547"
# Every input and output is a file, and an emulator opens only so many.
TOGETHER = 24

LAYERS = (
    # Keyword spotting.
    Layer("conv", (49, 10, 1), 64, (10, 4), 2, 0.31),
    Layer("conv", (25, 5, 64), 64, (1, 1), 1, 0.18),
    Layer("conv", (25, 5, 64), 64, (1, 1), 1, 0.19, relu=False),
    Layer("depthwise", (25, 5, 64), 64, (3, 3), 1, 0.95),
    Layer("depthwise", (25, 5, 64), 64, (3, 3), 1, 1.0, relu=False),
    # Image classification.
    Layer("conv", (32, 32, 3), 16, (3, 3), 1, 0.36),
    Layer("conv", (32, 32, 16), 16, (3, 3), 1, 0.16),
    Layer("conv", (16, 16, 16), 32, (1, 1), 2, 0.38),
    Layer("conv", (8, 8, 64), 64, (3, 3), 1, 0.13),
    # Visual wake words.
    Layer("conv", (24, 24, 8), 16, (1, 1), 1, 0.8),
    Layer("conv", (12, 12, 32), 32, (1, 1), 1, 0.25),
    Layer("conv", (3, 3, 256), 256, (1, 1), 1, 0.15),
    Layer("depthwise", (48, 48, 8), 8, (3, 3), 1, 0.62),
    Layer("depthwise", (24, 24, 16), 16, (3, 3), 2, 1.0),
    Layer("depthwise", (3, 3, 256), 256, (3, 3), 1, 1.55),
    # Anomaly detection.
    Layer("fully connected", (1, 1, 640), 128, (1, 1), 1, 0.16),
    Layer("fully connected", (1, 1, 128), 640, (1, 1), 1, 0.2),
    # Others.
    Layer("conv", (1, 64, 40), 32, (1, 9), 1, 0.135),
    Layer("depthwise", (16, 16, 16), 16, (5, 5), 1, 1.05),
    Layer("conv", (7, 7, 63), 37, (1, 1), 1, 0.21),
    # Weights of four bits.
    Layer("depthwise", (25, 5, 64), 64, (3, 3), 1, 1.0, dtype="int4"),
    Layer("depthwise", (24, 24, 16), 16, (3, 3), 2, 1.02, dtype="int4"),
    Layer("depthwise", (3, 3, 256), 256, (3, 3), 1, 1.65, dtype="int4"),
    Layer("depthwise", (16, 16, 16), 16, (5, 5), 1, 1.05, dtype="int4"),
    Layer("depthwise", (1, 64, 32), 32, (1, 9), 1, 1.85, dtype="int4"),
)


# A layer for each kernel and form, for every test run.
QUICK = (1, 3, 6, 8, 11, 13, 14, 20, 23)


@pytest.mark.parametrize("numbers", [QUICK, pytest.param(range(len(LAYERS)), marks=pytest.mark.slow)])
def test_instructions_per_mac_and_their_estimate(numbers: Sequence[int]) -> None:
    layers = [LAYERS[i] for i in numbers]
    graphs = [_graph(layer) for layer in layers]
    too_slow, misjudged = [], []
    for layer, graph, result in zip(layers, graphs, run_on_target(graphs, BOARD, trace=False), strict=True):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M55)
        assert kernel.library == "mve" and kernel.name == result.entry.kernel
        per_mac = result.instructions / graph.macs()
        estimate = kernel.cost(op, graph) / result.instructions
        print(f"{layer!s:45} {result.instructions:8} {per_mac:6.3f} per MAC, estimate {estimate:.2f}")
        if per_mac > layer.most:
            too_slow.append(f"{layer}: {per_mac:.3f} instructions per MAC, at most {layer.most}")
        if not 0.8 < estimate < 1.25:
            misjudged.append(f"{layer}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged


@pytest.fixture
def only_mve(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel policy that leaves no choice: other kernels win in the smallest layers."""
    monkeypatch.setattr(registry, "POLICIES", {**registry.POLICIES, "mve": ("mve",)})
    return "mve"


def _supported(name: str, count: int) -> list[Case]:
    kernel, strategy = CASES[name]
    cases = _collect(strategy, 4 * count)
    found = [c for c in cases if supports(kernel, c.graph)]
    assert found, name
    return found[:count]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("part", range(3))
def test_random_layers_give_the_reference_bits_on_the_core(part: int, only_mve: str) -> None:
    """The instructions themselves, and what the compiler makes of constant parameters; any accumulator among them."""
    cases = [_supported(name, 4)[-1] for name in list(CASES)[part::3]]
    extremes = [(depthwise, *form) for depthwise in (False, True) for form in FORMS]
    cases += [_collect(extreme_layers(*extreme), 2)[-1] for extreme in extremes[part::3]]
    _check([c.graph for c in cases], BOARD, only_mve)


def _check(graphs: Sequence[Graph], board: str | Board, kernels: str, **options: str) -> None:
    for first in range(0, len(graphs), TOGETHER):
        some = graphs[first : first + TOGETHER]
        assert all(r.match for r in run_on_target(some, board, kernels=kernels, **options))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("optimize", ["size", "speed"])
def test_random_layers_in_a_long_sweep(name: str, optimize: str, only_mve: str) -> None:
    _check([c.graph for c in _supported(name, 72)], BOARD, only_mve, optimize=optimize)


@pytest.mark.slow
@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_any_accumulator(form: tuple[tuple[int, int], int], depthwise: bool, only_mve: str) -> None:
    graphs = [case.graph for case in _collect(extreme_layers(depthwise, *form), TOGETHER)]
    assert all(r.match for r in run_on_target(graphs, BOARD, kernels=only_mve))


@pytest.mark.slow
@pytest.mark.renode
@pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")
def test_random_layers_in_renode(only_mve: str) -> None:
    """Helium by another emulator, too."""
    _check([c.graph for name in CASES for c in _supported(name, 2)], BOARD, only_mve, runner="renode")


@pytest.mark.slow
@pytest.mark.parametrize("core", ["cortex-m55", "cortex-m85", "cortex-m52"])
def test_random_layers_on_cores_without_floating_point(core: Core, only_mve: str) -> None:
    """Firmware for integer Helium alone, in the emulator of a core that has more."""
    board = load_board(BOARD)
    board = replace(board, cpu=replace(board.cpu, core=core, fpu="none", mve="integer"))
    _check([_supported(name, 4)[-1].graph for name in CASES], board, only_mve)
