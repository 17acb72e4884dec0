"""Armv6-M kernels on emulated cores: right bits of the assembly, instructions counted on shapes of MLPerf Tiny."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mcugen.boards import load_board
from mcugen.boards.board import Board
from mcugen.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.kernels import registry
from mcugen.kernels.armv6m import pairs
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case
from tests.kernels.armv6m.test_kernels import CASES
from tests.kernels.checking import CORTEX_M0
from tests.kernels.dsp.test_counts import LAYERS, _graph
from tests.kernels.parallel import run_on_target
from tests.kernels.portable.test_counts import batches

pytestmark = pytest.mark.emulator

# Most instructions per MAC that the shapes may take: (kind, kernel) -> bound. Portable kernels take 5.5 to 17.
MOST = {
    ("conv", (1, 1)): 8.5,
    ("conv", (3, 3)): 4.8,
    ("conv", (10, 4)): 3.8,
    ("conv", (1, 9)): 2.6,
    ("conv", (1, 3)): 3.0,
    ("depthwise", (3, 3)): 10.2,
    ("depthwise", (5, 5)): 4.8,
    ("fully connected", (1, 1)): 4.9,
}


def _large_board() -> Board:
    """A Cortex-M0+ with room for the inputs and outputs of all layers at once."""
    pico = load_board("rpi_pico")
    flash, sram = pico.memories
    return replace(pico, memories=(flash, replace(sram, size=4 << 20)))


def test_instructions_per_mac_and_their_estimate() -> None:
    graphs = [_graph(layer) for layer in LAYERS]
    too_slow, misjudged = [], []
    for layer, graph, result in zip(LAYERS, graphs, run_on_target(graphs, _large_board(), trace=False), strict=True):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M0)
        assert kernel.name == result.entry.kernel
        if kernel.library != "armv6m":
            continue
        per_mac = result.instructions / graph.macs()
        unit = pairs.DEPTHWISE_UNIT if layer.kind == "depthwise" else pairs.UNIT
        estimate = kernel.cost(op, graph) / unit / result.instructions
        print(f"{layer!s:45} {kernel.name:32} {result.instructions:8} {per_mac:5.2f} per MAC, estimate {estimate:.2f}")
        if per_mac > MOST[layer.kind, layer.kernel]:
            too_slow.append(f"{layer}: {per_mac:.3f} instructions per MAC")
        if not 0.88 < estimate < 1.12:
            misjudged.append(f"{layer}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged


def _supported(name: str, count: int) -> Iterator[tuple[Kernel, Graph]]:
    """Random graphs that a kernel supports, at most `count`."""
    kernel, strategy = CASES[name]
    found: list[Graph] = []

    @settings(
        max_examples=4 * count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: Case) -> None:
        (op,) = case.graph.operators
        if len(found) < count and kernel.supports(op, case.graph, CORTEX_M0):
            found.append(case.graph)

    collect()
    assert found, name
    return ((kernel, graph) for graph in found)


def _check_on(board: str, per_kernel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All kernels, also those that the registry would not choose."""
    choose = registry.candidates
    for batch in batches([pair for name in CASES for pair in _supported(name, per_kernel)]):
        chosen = {f"{g.operators[0].name}_{i}": kernel for i, (kernel, g) in enumerate(batch)}

        def forced(op: Operator, *rest: Any, chosen: dict[str, Kernel] = chosen, **options: Any) -> list[Kernel]:
            # The planner adds copies of its own.
            return [chosen[op.name]] if op.name in chosen else choose(op, *rest, **options)

        monkeypatch.setattr(registry, "candidates", forced)
        results = run_on_target([graph for _, graph in batch], board)
        assert [r.entry.kernel for r in results] == [kernel.name for kernel, _ in batch]
        assert all(r.match for r in results)


def test_random_layers_give_the_reference_bits_on_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instructions themselves, and what the compiler makes of constant parameters."""
    _check_on("rpi_pico", 2, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["rpi_pico", "mps2_an385"])
def test_many_random_layers_on_the_core(board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _check_on(board, 60, monkeypatch)
