"""Pools in words and long copies on emulated cores: right bits, and instructions counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import AveragePool2d, Concatenation, MaxPool2d
from mcugen.graph.ops.windows import output_size
from tests.graph.strategies import Case, average_pool_graphs, make_case, max_pool_graphs
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator

Q = Quantization.per_tensor(0.05, -7)
LENGTHS = (3, 47, 48, 64, 191, 192, 193, 384, 388, 1000, 2304)
"""Around the shortest copies that are made many registers at a time; the odd ones put what follows off alignment."""


def _pair(first: int, second: int) -> Graph:
    tensors = [Tensor("input", (first,), "int8", Q), Tensor("other", (second,), "int8", Q)]
    op = Concatenation(name="joined", inputs=("input", "other"), outputs=("output",), axis=0)
    out = Tensor("output", (first + second,), "int8", Q)
    return make_case(op, [*tensors, out], np.random.default_rng(first)).graph


@pytest.mark.parametrize(
    "board",
    ["mps2_an385", "rpi_pico", *(pytest.param(b, marks=pytest.mark.slow) for b in ("mps2_an386", "mps3_an547"))],
)
def test_copies_of_any_length(board: str) -> None:
    """At most a quarter of an instruction a byte for long ones: single words take about a half."""
    results = run_on_target([_pair(length, 2304) for length in LENGTHS], board)
    assert all(result.match for result in results)
    aligned = results[LENGTHS.index(2304)].instructions
    print(board, aligned)
    # A turn of a Cortex-M0 has four registers, one of an M3 has 48.
    assert aligned <= {"rpi_pico": 1250, "mps3_an547": 1900}.get(board, 520)


def _random_pools(count: int) -> list[Graph]:
    found: list[Graph] = []

    @settings(
        max_examples=4 * count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(max_pool_graphs(), average_pool_graphs())
    def collect(most: Case, mean: Case) -> None:
        if len(found) < count:
            found.extend([most.graph, mean.graph])

    collect()
    return found


@pytest.mark.parametrize("board", ["mps2_an386", pytest.param("mps2_an385", marks=pytest.mark.slow)])
def test_random_pools(board: str) -> None:
    assert all(result.match for result in run_on_target(_random_pools(16), board))


def _pool(cls: type[AveragePool2d] | type[MaxPool2d], size: int, channels: int, kernel: int, padding: int) -> Graph:
    x = Tensor("input", (1, size, size, channels), "int8", Q)
    window = ((kernel, kernel), (2, 2), (1, 1), (padding,) * 4)
    out = Tensor("output", (1, *output_size(x, *window), channels), "int8", Q)
    op = cls(
        name="pool",
        inputs=("input",),
        outputs=("output",),
        kernel=window[0],
        stride=window[1],
        padding=window[3],
        clamp=(-128, 127),
    )
    return make_case(op, [x, out], np.random.default_rng(size)).graph


def test_pools_in_words_take_few_instructions() -> None:
    """Instructions for each output on a Cortex-M4; portable code takes 25 to 90 there, CMSIS-NN 43 to 75."""
    graphs = {
        "max 2x2": (_pool(MaxPool2d, 24, 16, 2, 0), 4.6),
        "max 3x3, clipped": (_pool(MaxPool2d, 12, 32, 3, 1), 26),
        "average 2x2": (_pool(AveragePool2d, 16, 16, 2, 0), 15),
        "average 3x3, clipped": (_pool(AveragePool2d, 12, 16, 3, 1), 40),
    }
    too_slow = []
    for (name, (graph, most)), result in zip(
        graphs.items(), run_on_target([graph for graph, _ in graphs.values()], trace=False), strict=True
    ):
        assert result.entry.kernel.endswith(".dsp"), name
        each = result.instructions / graph.tensor("output").elements
        print(f"{name}: {each:.1f} for each output")
        if each > most:
            too_slow.append(f"{name}: {each:.1f}")
    assert not too_slow, too_slow
