"""Operators without products of weights on an emulated Cortex-M55: instructions for each element, and estimates."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from mcugen.kernels import registry
from tests.kernels.mve.cases import CORTEX_M55
from tests.kernels.mve.layers import layers
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator

# Every input and output is a file, and an emulator opens only so many.
TOGETHER = 15
QUICK = (
    "transposed conv 8x8x32 to 16, 4x4 stride 2",
    "masked softmax, causal",
    "normalize",
    "prelu",
    "resize 32 channels",
    "arg max of columns",
)
"""For every test run."""


@pytest.mark.parametrize("names", [QUICK, pytest.param(tuple(layers()), marks=pytest.mark.slow, id="all")])
def test_instructions_per_element_and_their_estimate(names: Collection[str]) -> None:
    chosen = [(name, *layers()[name]) for name in names]
    too_slow, misjudged = [], []
    for first in range(0, len(chosen), TOGETHER):
        part = chosen[first : first + TOGETHER]
        for (name, graph, most), result in zip(
            part, run_on_target([g for _, g, _ in part], "mps3_an547", trace=False), strict=True
        ):
            (op,) = graph.operators
            kernel = registry.select(op, graph, CORTEX_M55)
            assert kernel.library == "mve" and kernel.name == result.entry.kernel
            elements = max(graph.tensor(n).elements for n in (op.inputs[0], op.outputs[0]))
            each = result.instructions / elements
            estimate = kernel.cost(op, graph) / result.instructions
            print(f"{name:45} {result.instructions:8} {each:6.2f} per element, estimate {estimate:.2f}")
            if each > most:
                too_slow.append(f"{name}: {each:.2f} instructions per element, at most {most}")
            if not 0.75 < estimate < 1.3:
                misjudged.append(f"{name}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged
