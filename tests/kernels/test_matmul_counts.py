"""Products of two activations on an emulated Cortex-M33: right bits, and instructions for each multiply-accumulate."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import BatchMatMul
from mcugen.kernels import registry
from tests.graph.strategies import Case, make_case
from tests.kernels.checking import CORTEX_M4, check
from tests.kernels.mve.cases import CORTEX_M55
from tests.kernels.parallel import run_on_target

# (rows, depth, columns), whether the right side is stored by columns, most instructions per MAC.
SHAPES = [
    # Four heads of an attention over 64 tokens with d = 64: scores, and their product with the values.
    ((4, 64, 16, 64), True, 1.65),
    ((4, 64, 64, 16), False, 1.45),
    ((1, 16, 64, 48), False, 1.7),
    ((3, 7, 30, 5), True, 3.1),
]
INT16_SHAPES = [
    ((4, 64, 16, 64), True, 2.5),
    ((4, 64, 64, 16), False, 1.9),
    ((3, 7, 30, 5), True, 2.9),
]


def _graph(shape: tuple[int, int, int, int], transposed: bool) -> Graph:
    out = Quantization.per_tensor(0.0002 * 75 * 75 * shape[2] ** 0.5 / 40, 5)
    return _product(shape, transposed, Quantization.per_tensor(0.02, 3), Quantization.per_tensor(0.01, -9), out)


def int16_graph(shape: tuple[int, int, int, int], transposed: bool, multiplier: float | None = None) -> Graph:
    """multiplier: an output step is 1 / that; None: it is what sums of this depth have."""
    x, step = 0.0003, 2.0**15 * 0.3 * shape[2] ** 0.5 if multiplier is None else 1 / multiplier
    q, out = (Quantization.per_tensor(scale, 0, 16) for scale in (x, x * x * step))
    return _product(shape, transposed, q, q, out)


def _product(
    shape: tuple[int, int, int, int], transposed: bool, a: Quantization, b: Quantization, out: Quantization
) -> Graph:
    heads, rows, depth, columns = shape
    right = (heads, columns, depth) if transposed else (heads, depth, columns)
    tensors = [
        Tensor("left", (heads, rows, depth), a.dtype, a),
        Tensor("right", right, b.dtype, b),
        Tensor("output", (heads, rows, columns), out.dtype, out),
    ]
    names = {"name": "product", "inputs": ("left", "right"), "outputs": ("output",)}
    op = BatchMatMul(**names, transposed=transposed, clamp=out.integer_range)
    return make_case(op, tensors, np.random.default_rng(sum(shape))).graph


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["nrf5340dk"])
def test_instructions_per_mac(board: str) -> None:
    cases = [(_graph(shape, transposed), shape, most) for shape, transposed, most in SHAPES]
    cases += [(int16_graph(shape, transposed), shape, most) for shape, transposed, most in INT16_SHAPES]
    results = run_on_target([graph for graph, _, _ in cases], board, trace=False)
    for (graph, shape, most), result in zip(cases, results, strict=True):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M4)
        bits = graph.tensor("output").bits
        assert result.entry.kernel == kernel.name == f"batch_matmul_s{bits}.dsp"
        per_mac = result.instructions / graph.macs()
        estimate = kernel.cost(op, graph) / result.instructions
        print(f"int{bits:<3} {shape!s:20} {result.instructions:8} {per_mac:5.2f} per MAC, estimate {estimate:.2f}")
        assert per_mac <= most, shape
        assert 0.75 < estimate < 1.25, shape


@pytest.mark.parametrize(
    "depth", [3, pytest.param(64, marks=pytest.mark.slow), pytest.param(700, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    "exponent", [-17, *(pytest.param(e, marks=pytest.mark.slow) for e in (-33, -30, -16, -8, -1, 5))]
)
def test_any_sum_of_int16(exponent: int, depth: int) -> None:
    """Sums from one end to the other, ties, and outputs far beyond 16 bits, by every kernel."""
    graph = int16_graph((1, 5, depth, 5), True, 2.0**exponent * 1.37)
    ends = np.array([-32768, 32767, 1, -181, 0], np.int16)
    inputs = {
        "left": np.repeat(ends, depth).reshape(1, 5, depth),
        "right": np.repeat(ends[::-1], depth).reshape(1, 5, depth),
    }
    kernels = registry.candidates(graph.operators[0], graph, CORTEX_M55)
    assert {k.library for k in kernels} == {"portable", "dsp", "mve"}
    assert all(check(kernel, Case(graph, inputs), cpu=CORTEX_M55) for kernel in kernels)
