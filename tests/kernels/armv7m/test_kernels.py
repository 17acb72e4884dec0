"""Every Armv7-M kernel against the integer reference, over random graphs, under sanitizers and over its input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.boards.board import Cpu
from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import Conv2d, FullyConnected
from mcugen.kernels import armv7m
from mcugen.kernels.armv7m.common import channels_of
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case, conv2d_graphs, depthwise_graphs, fully_connected_graphs, make_case
from tests.kernels.checking import CORTEX_M3, CORTEX_M4, check

CORTEX_M0PLUS = Cpu("cortex-m0plus", False, "none", "none", 48_000_000)
CORTEX_M33 = Cpu("cortex-m33", False, "none", "none", 64_000_000)
POINTWISE: dict[str, Any] = {"kernel": (1, 1), "padding": "valid", "grouped": False}

CASES = {
    "conv2d": (armv7m.Conv2dArmv7m(), conv2d_graphs(grouped=False)),
    "conv2d of few channels": (armv7m.Conv2dArmv7m(), conv2d_graphs(grouped=False, channels=st.integers(1, 5))),
    "conv2d 3x3": (armv7m.Conv2dArmv7m(), conv2d_graphs(grouped=False, kernel=(3, 3), dilation=(1, 1))),
    "conv2d 1x1": (armv7m.Conv2dDirectArmv7m(), conv2d_graphs(**POINTWISE)),
    "conv2d direct": (armv7m.Conv2dDirectArmv7m(), conv2d_graphs(grouped=False, padding="valid")),
    "depthwise": (armv7m.DepthwiseConv2dArmv7m(), depthwise_graphs()),
    "depthwise 3x3": (armv7m.DepthwiseConv2dArmv7m(), depthwise_graphs(kernel=(3, 3), dilation=(1, 1), multiplier=1)),
    "fully_connected": (armv7m.FullyConnectedArmv7m(), fully_connected_graphs()),
    "fully_connected vector": (armv7m.FullyConnectedVectorArmv7m(), fully_connected_graphs()),
}


def _property(kernel: Kernel, strategy: st.SearchStrategy[Case], examples: int) -> None:
    checked = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def property_(case: Case) -> None:
        checked.append(check(kernel, case, cpu=CORTEX_M3))

    property_()
    print(f"{sum(checked)} of {len(checked)} cases supported")
    assert sum(checked) > len(checked) // 8


@pytest.mark.sampled(10)
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits(name: str) -> None:
    _property(*CASES[name], examples=6)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits_in_a_long_sweep(name: str) -> None:
    _property(*CASES[name], examples=1000)


@pytest.mark.parametrize("cpu", [CORTEX_M4, CORTEX_M0PLUS, replace(CORTEX_M33, dsp=True)], ids=lambda c: c.core)
def test_other_cores_have_kernels_of_their_own(cpu: Cpu) -> None:
    graph = _dense(rows=3, depth=8, weight=1, bias=0)
    (op,) = graph.operators
    assert all(not k.supports(op, graph, cpu) for k in armv7m.KERNELS)
    assert any(k.supports(op, graph, CORTEX_M33) for k in armv7m.KERNELS)


def _dense(rows: int, depth: int, weight: int, bias: int) -> Graph:
    """Fully connected with two channels: all weights alike, and all of the other sign."""
    weights = np.full((2, depth), weight, np.int8)
    weights[1] *= -1
    tensors = [
        Tensor("input", (rows, depth), "int8", Quantization.per_tensor(0.5, -128)),
        Tensor("weights", weights.shape, "int8", Quantization.per_channel(np.full(2, 0.01), 0), weights),
        Tensor(
            "bias", (2,), "int32", Quantization.per_channel(np.full(2, 0.005), 0), np.array([bias, -bias], np.int32)
        ),
        Tensor("output", (rows, 2), "int8", Quantization.per_tensor(600.0, 3)),
    ]
    op = FullyConnected(name="dense", inputs=("input", "weights", "bias"), outputs=("output",))
    return make_case(op, tensors, np.random.default_rng(0)).graph


# The largest accumulator is 255 * depth * weight + bias.
BOUNDS = [
    (128, 127, (1 << 22) - 1 - 255 * 128 * 127, 23),
    (128, 127, (1 << 22) - 255 * 128 * 127, 24),
    (256, 127, (1 << 23) - 1 - 255 * 256 * 127, 24),
    (256, 127, (1 << 23) - 255 * 256 * 127, None),
]


@pytest.mark.parametrize(("depth", "weight", "bias", "bits"), BOUNDS)
def test_sums_reach_the_end_of_their_field(depth: int, weight: int, bias: int, bits: int | None) -> None:
    """Inputs at their ends give the largest sums there are, in either field, beside the smallest and beside zero."""
    graph = _dense(6, depth, weight, bias)
    (op,) = graph.operators
    kernel = armv7m.FullyConnectedArmv7m()
    assert kernel.supports(op, graph, CORTEX_M3) == (bits is not None)
    if bits is None:
        return
    assert kernel.invoke(op, graph).params["field_bits"] == bits
    ends = np.array([[127, -128], [-128, 127], [127, 127], [-128, -128], [0, 127], [127, 0]], np.int8)
    for pair in ends:
        rows = np.repeat(np.tile(pair, 3), depth).reshape(6, depth)
        assert check(kernel, Case(graph, {"input": rows}), cpu=CORTEX_M3)


@pytest.mark.parametrize("output_c", [1, 2, 3, 4, 5, 6, 7, 11])
def test_vector_of_every_remainder_of_channels(output_c: int) -> None:
    rng = np.random.default_rng(output_c)
    depth = int(rng.integers(1, 40))
    weights = rng.integers(-127, 128, (output_c, depth)).astype(np.int8)
    tensors = [
        Tensor("input", (1, depth), "int8", Quantization.per_tensor(0.5, 5)),
        Tensor("weights", weights.shape, "int8", Quantization.per_tensor(0.01, 0), weights),
        Tensor("output", (1, output_c), "int8", Quantization.per_tensor(2.0, -7)),
    ]
    op = FullyConnected(name="dense", inputs=("input", "weights"), outputs=("output",))
    assert check(armv7m.FullyConnectedVectorArmv7m(), make_case(op, tensors, rng), cpu=CORTEX_M3)


def test_general_requantization_and_groups_are_left_to_other_kernels() -> None:
    seen = []

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.one_of(conv2d_graphs(grouped=True), fully_connected_graphs()))
    def property_(case: Case) -> None:
        (op,) = case.graph.operators
        supported = any(k.supports(op, case.graph, CORTEX_M3) for k in armv7m.KERNELS)
        seen.append(supported)
        if isinstance(op, Conv2d):
            assert not supported
        elif isinstance(op, FullyConnected):
            assert not (supported and channels_of(op, case.graph).general)

    property_()
    assert any(seen) and not all(seen)
