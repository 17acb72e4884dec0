"""Portable kernels on emulated Cortex-M0 and M3: right bits, and instructions counted on the shapes of MLPerf Tiny."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from mcugen.graph import Graph
from mcugen.graph.ops import Operator, Reshape
from mcugen.kernels import portable, registry
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case
from tests.kernels.checking import CORTEX_M3, cases_for
from tests.kernels.dsp.test_counts import LAYERS, _graph
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator

# Most instructions per MAC that the shapes may take on a Cortex-M3: (kind, kernel) -> bound. CMSIS-NN without DSP
# instructions takes 8 to 11.
MOST = {
    ("conv", (1, 1)): 3.9,
    ("conv", (3, 3)): 3.5,
    ("conv", (10, 4)): 2.6,
    ("conv", (1, 9)): 2.4,
    ("conv", (1, 3)): 2.4,
    ("depthwise", (3, 3)): 5.0,
    ("depthwise", (5, 5)): 4.0,
    ("fully connected", (1, 1)): 3.0,
}


def test_instructions_per_mac_and_their_estimate() -> None:
    graphs = [_graph(layer) for layer in LAYERS]
    too_slow, misjudged = [], []
    for layer, graph, result in zip(
        LAYERS, graphs, run_on_target(graphs, "mps2_an385", kernels="portable", trace=False), strict=True
    ):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M3, "portable")
        assert kernel.name == result.entry.kernel
        per_mac = result.instructions / graph.macs()
        estimate = kernel.cost(op, graph) / result.instructions
        print(f"{layer!s:45} {result.instructions:8} {per_mac:5.2f} per MAC, estimate {estimate:.2f}")
        if per_mac > MOST[layer.kind, layer.kernel]:
            too_slow.append(f"{layer}: {per_mac:.3f} instructions per MAC")
        if not 0.86 < estimate < 1.14:
            misjudged.append(f"{layer}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged


def supported_graphs(kernel: Kernel, count: int) -> list[Graph]:
    """Random graphs that the kernel supports, at most `count`."""
    found: list[Graph] = []

    @settings(max_examples=8 * count, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(cases_for(kernel))
    def collect(case: Case) -> None:
        (op,) = case.graph.operators
        if len(found) < count and kernel.takes(op, case.graph, CORTEX_M3):
            found.append(case.graph)

    collect()
    return found


def batches(pairs: list[tuple[Kernel, Graph]]) -> Iterator[list[tuple[Kernel, Graph]]]:
    """A firmware exchanges every input and output through a file, and can have so many open."""
    batch: list[tuple[Kernel, Graph]] = []
    files = 0
    for kernel, graph in pairs:
        needed = len(graph.inputs) + len(graph.outputs)
        if files + needed > 48:
            yield batch
            batch, files = [], 0
        batch.append((kernel, graph))
        files += needed
    yield batch


def check_on_board(board: str, per_kernel: int, monkeypatch: pytest.MonkeyPatch, part: slice = slice(None)) -> None:
    """All portable kernels, also those that the registry would not choose."""
    choose = registry.candidates
    moving = [kernel for kernel in portable.KERNELS if kernel.operator is not Reshape][part]
    for batch in batches([(kernel, graph) for kernel in moving for graph in supported_graphs(kernel, per_kernel)]):
        chosen = {f"{g.operators[0].name}_{i}": kernel for i, (kernel, g) in enumerate(batch)}

        def forced(op: Operator, *rest: Any, chosen: dict[str, Kernel] = chosen, **options: Any) -> list[Kernel]:
            # The planner adds copies of its own.
            return [chosen[op.name]] if op.name in chosen else choose(op, *rest, **options)

        monkeypatch.setattr(registry, "candidates", forced)
        results = run_on_target([graph for _, graph in batch], board)
        assert all(result.match for result in results)
        assert [result.entry.kernel for result in results] == [kernel.name for kernel, _ in batch]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("board", ["mps2_an385", pytest.param("rpi_pico", marks=pytest.mark.slow)])
def test_every_kernel_gives_the_reference_bits_on_the_core(
    board: str, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler's work on constant parameters, and on Armv6-M the narrow blocks and the multiply in halves."""
    check_on_board(board, 2, monkeypatch, slice(part, None, 3))


@pytest.mark.slow
@pytest.mark.parametrize("board", ["mps2_an385", "rpi_pico", "mps2_an386", "mps3_an547"])
def test_many_random_layers_on_the_cores(board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_on_board(board, 12, monkeypatch)
