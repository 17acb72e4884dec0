"""Products of two activations on an emulated Cortex-M33: right bits, and instructions for each multiply-accumulate."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import BatchMatMul
from mcugen.kernels import registry
from tests.graph.strategies import make_case
from tests.kernels.checking import CORTEX_M4
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator

# (rows, depth, columns), whether the right side is stored by columns, most instructions per MAC.
SHAPES = [
    # Four heads of an attention over 64 tokens with d = 64: scores, and their product with the values.
    ((4, 64, 16, 64), True, 1.65),
    ((4, 64, 64, 16), False, 1.45),
    ((1, 16, 64, 48), False, 1.7),
    ((3, 7, 30, 5), True, 3.1),
]


def _graph(shape: tuple[int, int, int, int], transposed: bool) -> Graph:
    heads, rows, depth, columns = shape
    a, b = Quantization.per_tensor(0.02, 3), Quantization.per_tensor(0.01, -9)
    out = Quantization.per_tensor(0.0002 * 75 * 75 * depth**0.5 / 40, 5)
    right = (heads, columns, depth) if transposed else (heads, depth, columns)
    tensors = [
        Tensor("left", (heads, rows, depth), "int8", a),
        Tensor("right", right, "int8", b),
        Tensor("output", (heads, rows, columns), "int8", out),
    ]
    op = BatchMatMul(name="product", inputs=("left", "right"), outputs=("output",), transposed=transposed)
    return make_case(op, tensors, np.random.default_rng(sum(shape))).graph


@pytest.mark.parametrize("board", ["nrf5340dk"])
def test_instructions_per_mac(board: str) -> None:
    graphs = [_graph(shape, transposed) for shape, transposed, _ in SHAPES]
    for (shape, _, most), graph, result in zip(SHAPES, graphs, run_on_target(graphs, board, trace=False), strict=True):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M4)
        assert result.entry.kernel == kernel.name == "batch_matmul_s8.dsp"
        per_mac = result.instructions / graph.macs()
        estimate = kernel.cost(op, graph) / result.instructions
        print(f"{shape!s:20} {result.instructions:8} {per_mac:5.2f} per MAC, estimate {estimate:.2f}")
        assert per_mac <= most, shape
        assert 0.85 < estimate < 1.15, shape
