"""DSP kernels on an emulated Cortex-M4: right bits, and instructions counted on the shapes of MLPerf Tiny."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected
from mcugen.kernels import registry
from mcugen.kernels.dsp import paired
from tests.graph.strategies import Case, add_graphs, conv2d_graphs, depthwise_graphs, fully_connected_graphs, make_case
from tests.kernels.checking import CORTEX_M4
from tests.kernels.parallel import run_on_target

pytestmark = pytest.mark.emulator


@dataclass(frozen=True)
class Layer:
    """A layer with ReLU (or without), SAME padding.

    Attributes:
        image: (height, width, channels); of a fully connected layer (1, 1, channels).
        most: cycles (of the M4 table) per MAC that must not be exceeded.
        dtype: of the weights.
    """

    kind: str
    image: tuple[int, int, int]
    output_c: int
    kernel: tuple[int, int]
    stride: int
    most: float
    relu: bool = True
    dtype: str = "int8"

    def __str__(self) -> str:
        size = "x".join(map(str, (*self.image, self.output_c)))
        packed = ", int4" if self.dtype == "int4" else ""
        return f"{self.kind} {size} {self.kernel[0]}x{self.kernel[1]} stride {self.stride}{packed}"


LAYERS = (
    # Keyword spotting.
    Layer("conv", (49, 10, 1), 64, (10, 4), 2, 1.35),
    Layer("depthwise", (25, 5, 64), 64, (3, 3), 1, 2.56),
    Layer("conv", (25, 5, 64), 64, (1, 1), 1, 1.16),
    Layer("conv", (25, 5, 64), 64, (1, 1), 1, 1.19, relu=False),
    Layer("depthwise", (25, 5, 64), 64, (3, 3), 1, 2.70, relu=False),
    Layer("fully connected", (1, 1, 64), 12, (1, 1), 1, 1.75),
    # Image classification.
    Layer("conv", (32, 32, 3), 16, (3, 3), 1, 1.64),
    Layer("conv", (32, 32, 16), 16, (3, 3), 1, 0.79),
    Layer("conv", (32, 32, 16), 32, (3, 3), 2, 1.15),
    Layer("conv", (32, 32, 16), 32, (1, 1), 2, 1.72),
    Layer("conv", (16, 16, 32), 32, (3, 3), 1, 0.65),
    Layer("conv", (8, 8, 64), 64, (3, 3), 1, 0.57),
    # Visual wake words.
    Layer("conv", (96, 96, 3), 8, (3, 3), 2, 1.82),
    Layer("depthwise", (48, 48, 8), 8, (3, 3), 1, 2.66),
    Layer("conv", (48, 48, 8), 16, (1, 1), 1, 2.41),
    Layer("depthwise", (48, 48, 16), 16, (3, 3), 2, 4.10),
    Layer("conv", (24, 24, 32), 32, (1, 1), 1, 1.34),
    Layer("depthwise", (6, 6, 128), 128, (3, 3), 2, 5.20),
    Layer("depthwise", (3, 3, 256), 256, (3, 3), 1, 3.70),
    Layer("conv", (3, 3, 256), 256, (1, 1), 1, 1.14),
    # Anomaly detection.
    Layer("fully connected", (1, 1, 640), 128, (1, 1), 1, 1.35),
    Layer("fully connected", (1, 1, 128), 640, (1, 1), 1, 1.44),
    # Others.
    Layer("conv", (1, 64, 40), 32, (1, 9), 1, 1.07),
    Layer("conv", (1, 64, 32), 32, (1, 3), 1, 1.02),
    Layer("depthwise", (16, 16, 16), 16, (5, 5), 1, 3.40),
    Layer("conv", (7, 7, 63), 37, (1, 1), 1, 1.29),
)


def _padding(layer: Layer) -> tuple[int, int, int, int]:
    before, after = [], []
    for size, kernel in zip(layer.image[:2], layer.kernel, strict=True):
        total = max((math.ceil(size / layer.stride) - 1) * layer.stride + kernel - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before[0], before[1], after[0], after[1]


def _graph(layer: Layer) -> Graph:
    rng = np.random.default_rng(len(str(layer)))
    height, width, depth = layer.image
    out = (math.ceil(height / layer.stride), math.ceil(width / layer.stride), layer.output_c)
    shape, axis = (layer.output_c, *layer.kernel, depth), 0
    if layer.kind == "depthwise":
        shape, axis = (1, *layer.kernel, layer.output_c), 3
    elif layer.kind == "fully connected":
        shape = (layer.output_c, depth)
    terms = math.prod(shape) // layer.output_c
    largest = {"int8": 127, "int4": 7}[layer.dtype]
    scales = rng.uniform(0.2, 1.0, layer.output_c) / (largest + 1)
    x = Quantization.per_tensor(0.02, -128)
    y = Quantization.per_tensor(0.02 / 128 * 0.6 * 75 * 150 * math.sqrt(terms) / 60, -128 if layer.relu else 3)
    flat = layer.kind == "fully connected"
    tensors = [
        Tensor("input", (1, depth) if flat else (1, *layer.image), "int8", x),
        Tensor(
            "weights",
            shape,
            layer.dtype,
            Quantization.per_channel(scales, axis),
            rng.integers(-largest, largest + 1, shape).astype(np.int8),
        ),
        Tensor(
            "bias",
            (layer.output_c,),
            "int32",
            Quantization.per_channel(scales * 0.02, 0),
            rng.integers(-4000, 4000, layer.output_c).astype(np.int32),
        ),
        Tensor("output", (1, layer.output_c) if flat else (1, *out), "int8", y),
    ]
    names = {"name": "layer", "inputs": ("input", "weights", "bias"), "outputs": ("output",)}
    if flat:
        return make_case(FullyConnected(**names), tensors, rng).graph
    cls = DepthwiseConv2d if layer.kind == "depthwise" else Conv2d
    stride = (layer.stride, layer.stride)
    return make_case(cls(**names, stride=stride, padding=_padding(layer)), tensors, rng).graph


def test_instructions_per_mac_and_their_estimate() -> None:
    graphs = [_graph(layer) for layer in LAYERS]
    too_slow, misjudged = [], []
    for layer, graph, result in zip(LAYERS, graphs, run_on_target(graphs, trace=False), strict=True):
        (op,) = graph.operators
        kernel = registry.select(op, graph, CORTEX_M4)
        assert kernel.library == "dsp" and kernel.name == result.entry.kernel
        assert result.cycles is not None
        per_mac = result.cycles / graph.macs()
        counted = result.instructions
        if "paired" in kernel.name or "winograd" in kernel.name:
            # Its cost is in cycles, as instructions of the others.
            counted = round(result.cycles / paired.CYCLES)
        estimate = kernel.cost(op, graph) / counted
        print(f"{layer!s:45} {result.instructions:8} {per_mac:5.2f} cycles per MAC, estimate {estimate:.2f}")
        if per_mac > layer.most:
            too_slow.append(f"{layer}: {per_mac:.3f} cycles per MAC, at most {layer.most}")
        if not 0.88 < estimate < 1.12:
            misjudged.append(f"{layer}: estimated {estimate:.2f} times the count")
    assert not too_slow, too_slow
    assert not misjudged, misjudged


def test_a_clamp_inside_the_range_costs_little() -> None:
    """It comes after the assembly, which has none."""
    names = ("conv 25x5x64x64 1x1 stride 1", "depthwise 25x5x64x64 3x3 stride 1", "conv 32x32x16x16 3x3 stride 1")
    layers = [next(layer for layer in LAYERS if str(layer) == name) for name in names]
    graphs = [_graph(layer) for layer in layers]
    graphs = [g.with_changes(operators=[replace(g.operators[0], clamp=(-90, 100))]) for g in graphs]
    for layer, graph, result in zip(layers, graphs, run_on_target(graphs, trace=False), strict=True):
        assert result.cycles is not None
        print(f"{layer!s:45} {result.cycles / graph.macs():.2f} cycles per MAC")
        assert result.cycles / graph.macs() < 1.12 * layer.most, str(layer)


def _collect(strategy: st.SearchStrategy[Case], count: int) -> list[Case]:
    cases: list[Case] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: Case) -> None:
        cases.append(case)

    collect()
    return cases


STRATEGIES = {
    "add": add_graphs(),
    "conv2d": conv2d_graphs(grouped=False),
    "conv2d_1x1": conv2d_graphs(kernel=(1, 1), stride=(1, 1), padding="valid", grouped=False),
    "conv2d_3x3": conv2d_graphs(kernel=(3, 3), stride=(1, 1), dilation=(1, 1), grouped=False),
    "depthwise": depthwise_graphs(),
    "depthwise_3x3": depthwise_graphs(kernel=(3, 3), dilation=(1, 1)),
    "fully_connected": fully_connected_graphs(),
}

CONV2D_ROW = st.sampled_from([(1, 3), (3, 3)]).flatmap(
    lambda kernel: conv2d_graphs(kernel=kernel, stride=(1, 1), grouped=False)
)


@pytest.fixture
def only_dsp(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel policy that leaves no choice: portable kernels win in the smallest layers."""
    monkeypatch.setattr(registry, "POLICIES", {**registry.POLICIES, "dsp": ("dsp",)})
    return "dsp"


@pytest.fixture
def without_pairs(monkeypatch: pytest.MonkeyPatch) -> str:
    """The same without the kernels that are mostly faster but do not take every layer."""
    plain = tuple(k for k in registry.LIBRARIES["dsp"] if "paired" not in k.name and "winograd" not in k.name)
    monkeypatch.setattr(registry, "LIBRARIES", {**registry.LIBRARIES, "plain": plain})
    monkeypatch.setattr(registry, "POLICIES", {**registry.POLICIES, "plain": ("plain",)})
    return "plain"


def _only(monkeypatch: pytest.MonkeyPatch, kernel: str) -> str:
    """A policy of nothing but one kernel."""
    alone = tuple(k for k in registry.LIBRARIES["dsp"] if k.name == kernel)
    monkeypatch.setattr(registry, "LIBRARIES", {**registry.LIBRARIES, "alone": alone})
    monkeypatch.setattr(registry, "POLICIES", {**registry.POLICIES, "alone": ("alone",)})
    return "alone"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", STRATEGIES)
def test_random_layers_give_the_reference_bits_on_the_core(name: str, only_dsp: str) -> None:
    """The instructions themselves, and what the compiler makes of constant parameters."""
    cases = _collect(STRATEGIES[name], 6)
    assert all(r.match for r in run_on_target([c.graph for c in cases], kernels=only_dsp))


def test_random_layers_without_pairs_of_channels(without_pairs: str) -> None:
    cases = [c for name in ("conv2d", "conv2d_1x1", "fully_connected") for c in _collect(STRATEGIES[name], 3)]
    assert all(r.match for r in run_on_target([c.graph for c in cases], kernels=without_pairs))


def test_random_layers_in_builds_for_size(only_dsp: str) -> None:
    """Functions that all layers share, with numbers that are not constants."""
    cases = [c for name in STRATEGIES for c in _collect(STRATEGIES[name], 2)]
    assert all(r.match for r in run_on_target([c.graph for c in cases], optimize="size", kernels=only_dsp))


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("name", "strategy"), [("conv2d_winograd_light_s8.dsp", "conv2d_3x3"), ("conv2d_winograd_row_s8.dsp", "conv2d_row")]
)
def test_random_layers_by_other_forms_of_winograd(name: str, strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (kernel,) = (k for k in registry.LIBRARIES["dsp"] if k.name == name)
    cases = _collect({**STRATEGIES, "conv2d_row": CONV2D_ROW}[strategy], 24)
    graphs = [c.graph for c in cases if kernel.supports(c.graph.operators[0], c.graph, CORTEX_M4)][-5:]
    results = run_on_target(graphs, kernels=_only(monkeypatch, name))
    assert len(results) == 5 and all(r.match and r.entry.kernel == name for r in results)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(
    ("board", "optimize"), [("mps2_an386", "size"), ("mps2_an500", "speed"), ("rpi_pico2", "speed")]
)
def test_random_layers_on_other_cores_and_options(name: str, board: str, optimize: str, only_dsp: str) -> None:
    cases = _collect(STRATEGIES[name], 36)
    # Every input and output is a file, and an emulator opens only so many.
    for first in range(0, len(cases), 12):
        graphs = [c.graph for c in cases[first : first + 12]]
        assert all(r.match for r in run_on_target(graphs, board, optimize=optimize, kernels=only_dsp))
