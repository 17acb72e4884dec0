"""Sums and changes of scale of int16 on DSP instructions: ends and ties of the numbers, counts on emulated cores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import Add, Requantize, Sub
from mcugen.graph.tensor import DTYPES, IntArray
from mcugen.kernels import dsp, registry
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case, int16, make_case
from tests.graph.strategies.wide import symmetric_requantize_graphs, wide_requantize_graphs
from tests.kernels.checking import CORTEX_M4, check
from tests.kernels.int16_layers import layers
from tests.kernels.parallel import run_on_target

NARROW, FINE = Quantization.per_tensor(0.05, -7), Quantization.per_tensor(0.05 / 256, 0, 16)
IMAGE = (1, 8, 8, 32)
ENDS = np.array([-32768, -32767, -16385, -16384, -16383, -3, -2, -1, 0, 1, 2, 3, 16383, 16384, 32766, 32767], np.int16)


def _fine(scale: float) -> Quantization:
    return Quantization.per_tensor(scale, 0, 16)


def _sum(
    kind: type[Add] | type[Sub],
    scales: tuple[float, float, float],
    shapes: tuple[tuple[int, ...], tuple[int, ...]] = (IMAGE, IMAGE),
    *,
    clamp: tuple[int, int] = (-32768, 32767),
    constant: IntArray | None = None,
) -> Graph:
    tensors = [
        Tensor("input", shapes[0], "int16", _fine(scales[0])),
        Tensor("other", shapes[1], "int16", _fine(scales[1]), constant),
        Tensor("output", np.broadcast_shapes(*shapes), "int16", _fine(scales[2])),
    ]
    op = kind(name="sum", inputs=("input", "other"), outputs=("output",), clamp=clamp)
    return make_case(op, tensors, np.random.default_rng(1)).graph


def _requantize(
    x: Quantization, out: Quantization, shape: tuple[int, ...] = IMAGE, clamp: tuple[int, int] | None = None
) -> Graph:
    tensors = [Tensor("input", shape, x.dtype, x), Tensor("output", shape, out.dtype, out)]
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=clamp or out.integer_range)
    return make_case(op, tensors, np.random.default_rng(1)).graph


@pytest.mark.parametrize("kind", [Add, Sub])
@pytest.mark.parametrize(
    "scales",
    [
        # Ties of a sum, and of a term in a result as fine as the common scale; the larger scale on either side.
        (1.0, 2.0**-16, 2.0),
        (1.0, 2.0**-16, 1.001 * 2.0**-13),
        (0.37, 1.0, 1.0),
        pytest.param((1.0, 1.0, 2.0), marks=pytest.mark.slow),
        pytest.param((2.0**-16, 1.0, 2.0), marks=pytest.mark.slow),
        pytest.param((1.0, 2.0**-29, 1.0), marks=pytest.mark.slow),
        pytest.param((1.0, 2.0**-40, 0.001), marks=pytest.mark.slow),
        pytest.param((1.0, 0.999999999999, 300.0), marks=pytest.mark.slow),
        pytest.param((1.0, 0.7, 2.0**13), marks=pytest.mark.slow),
    ],
)
def test_sums_of_any_two_ends(kind: type[Add] | type[Sub], scales: tuple[float, float, float]) -> None:
    side = len(ENDS)
    graph = _sum(kind, scales, ((side, side), (side, side)))
    inputs = {"input": np.repeat(ENDS, side).reshape(side, side), "other": np.tile(ENDS, (side, 1))}
    kernel = dsp.AddInt16Dsp() if kind is Add else dsp.SubInt16Dsp()
    assert check(kernel, Case(graph, inputs), cpu=CORTEX_M4)


@pytest.mark.parametrize(
    ("x", "out"),
    [
        (NARROW, FINE),
        (FINE, NARROW),
        # Ties of both signs, and the way without a second rounding.
        (_fine(2.0**-9), Quantization.per_tensor(2.0**-5, 127)),
        (_fine(0.7), Quantization.per_tensor(1.0, -128)),
        pytest.param(Quantization.per_tensor(1.0, 127), _fine(2.0**-8), marks=pytest.mark.slow),
        pytest.param(Quantization.per_tensor(1.0, -128), _fine(2.0**-13), marks=pytest.mark.slow),
        pytest.param(Quantization.per_tensor(1.0, 0), _fine(8.0), marks=pytest.mark.slow),
        pytest.param(_fine(1.0), _fine(4.0), marks=pytest.mark.slow),
        pytest.param(_fine(1.0), _fine(0.99), marks=pytest.mark.slow),
        pytest.param(_fine(3.0), Quantization.per_tensor(1.0, 5), marks=pytest.mark.slow),
    ],
)
def test_every_number_changes_its_scale(x: Quantization, out: Quantization) -> None:
    low, high = x.integer_range
    every = np.arange(low, high + 1).astype(DTYPES[x.dtype])
    graph = _requantize(x, out, every.shape)
    assert check(dsp.RequantizeWideDsp(), Case(graph, {"input": every}), cpu=CORTEX_M4)


def test_what_does_not_fit_is_left_to_other_kernels() -> None:
    """Terms below what is rounded, zero points that take an int16 input out of 16 bits, multipliers beyond SMLAW."""
    point = Quantization.per_tensor(0.01, 5, 16)
    for kernel, graph in (
        (dsp.AddInt16Dsp(), _sum(Add, (1.0, 2.0**-30.5, 1.0))),
        (dsp.RequantizeWideDsp(), _requantize(point, NARROW)),
        (dsp.RequantizeWideDsp(), _requantize(Quantization.per_tensor(1.0, 0), _fine(2.0**-15))),
        (dsp.RequantizeWideDsp(), _requantize(NARROW, Quantization.per_tensor(0.05 / 2**24, 0, 32))),
    ):
        (op,) = graph.operators
        assert not kernel.supports(op, graph, CORTEX_M4)
        assert registry.select(op, graph, CORTEX_M4).library == "portable"


LAYERS = {
    "sum, one scale": (_sum(Add, (0.01, 0.01, 0.015)), 9.4),
    "sum": (_sum(Add, (0.01, 0.007, 0.015)), 13.1),
    "sum with ReLU": (_sum(Add, (0.01, 0.007, 0.015), clamp=(0, 32767)), 13.6),
    "difference": (_sum(Sub, (0.01, 0.007, 0.015)), 13.1),
    "sum with a row": (_sum(Add, (0.01, 0.007, 0.015), (IMAGE, (32,))), 13.6),
    "sum with a number": (_sum(Add, (0.01, 0.007, 0.015), (IMAGE, (1,)), constant=ENDS[:1]), 8.7),
    "to int16": (_requantize(NARROW, FINE), 4.6),
    "from int16": (_requantize(FINE, NARROW), 6.4),
    "from int16, clamped": (_requantize(FINE, NARROW, clamp=(-7, 100)), 7.4),
    "mul": (layers()["mul"], 8.4),
    "clamp": (layers()["clamp"], 3.6),
    "max pool 2x2": (layers()["max pool 2x2"], 8.8),
    "mean of positions": (layers()["mean of positions"], 245.0),
    "table": (layers()["table"], 9.6),
    "softmax of 8": (layers()["softmax of 8"], 30.0),
    "softmax of 100": (layers()["softmax of 100"], 22.6),
    "int16 to int16": (_requantize(FINE, _fine(0.001)), 6.6),
}
"""Each with the most instructions for an element; portable kernels take 10 to 43."""


def _graphs(kernel: Kernel, count: int) -> list[Graph]:
    """Random ones that the kernel takes."""
    requantize = wide_requantize_graphs() | symmetric_requantize_graphs()
    kind = kernel.operator.kind
    found: list[Graph] = []

    @settings(
        max_examples=4 * count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requantize if kind == "requantize" else int16.ALL[kind]())
    def collect(case: Case) -> None:
        if kernel.takes(case.graph.operators[0], case.graph, CORTEX_M4):
            found.append(case.graph)

    collect()
    return found[:count]


KERNELS = (
    dsp.AddInt16Dsp(),
    dsp.AveragePool2dInt16Dsp(),
    dsp.ClampInt16Dsp(),
    dsp.MaxPool2dInt16Dsp(),
    dsp.MeanInt16Dsp(),
    dsp.MulInt16Dsp(),
    dsp.RequantizeWideDsp(),
    dsp.SoftmaxInt16Dsp(),
    dsp.SubInt16Dsp(),
    dsp.TableInt16Dsp(),
)


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["nrf5340dk", pytest.param("mps2_an386", marks=pytest.mark.slow)])
def test_instructions_per_element_and_random_layers(board: str) -> None:
    random = [graph for kernel in KERNELS for graph in _graphs(kernel, 2)]
    results = run_on_target([*(graph for graph, _ in LAYERS.values()), *random], board)
    assert all(r.match for r in results) and all(r.entry.kernel.endswith(".dsp") for r in results)
    too_slow, misjudged = [], []
    for (name, (graph, most)), result in zip(LAYERS.items(), results, strict=False):
        (op,) = graph.operators
        elements = graph.tensor("output").elements
        estimate = registry.select(op, graph, CORTEX_M4).cost(op, graph) / result.instructions
        each = result.instructions / elements
        print(f"{name:24} {result.instructions:8} {each:6.2f} per element, {result.cycles} cycles, {estimate:.2f}")
        if each > most:
            too_slow.append(f"{name}: {each:.2f} instructions per element, at most {most}")
        if not 0.7 < estimate < 1.4:
            misjudged.append(f"{name}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged


@pytest.mark.emulator
@pytest.mark.slow
def test_random_layers_in_builds_for_size() -> None:
    random = [graph for kernel in KERNELS for graph in _graphs(kernel, 10)]
    assert all(r.match for r in run_on_target(random, optimize="size"))
