"""Every Armv6-M kernel against the integer reference, over random graphs, under sanitizers and over its input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Conv2d, FullyConnected
from mcugen.kernels import armv6m
from mcugen.kernels.armv6m import pairs
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case, conv2d_graphs, depthwise_graphs, fully_connected_graphs, make_case
from tests.kernels.checking import CORTEX_M0, CORTEX_M3, CORTEX_M4, check

POINTWISE: dict[str, Any] = {"kernel": (1, 1), "stride": (1, 1), "padding": "valid", "grouped": False}

CASES = {
    "conv2d": (armv6m.Conv2dArmv6m(), conv2d_graphs(grouped=False)),
    "conv2d of few channels": (armv6m.Conv2dArmv6m(), conv2d_graphs(grouped=False, channels=st.integers(1, 5))),
    "conv2d of one run": (armv6m.Conv2dDirectArmv6m(), conv2d_graphs(grouped=False, padding="valid")),
    "conv2d 1x1": (armv6m.Conv2dDirectArmv6m(), conv2d_graphs(**POINTWISE)),
    "depthwise": (armv6m.DepthwiseConv2dArmv6m(), depthwise_graphs()),
    "depthwise 3x3": (armv6m.DepthwiseConv2dArmv6m(), depthwise_graphs(kernel=(3, 3), dilation=(1, 1))),
    "depthwise in place": (
        armv6m.DepthwiseConv2dArmv6m(),
        depthwise_graphs(stride=(1, 1), dilation=(1, 1), padding="same", multiplier=1),
    ),
    "fully_connected": (armv6m.FullyConnectedArmv6m(), fully_connected_graphs()),
    "fully_connected vector": (armv6m.FullyConnectedVectorArmv6m(), fully_connected_graphs()),
}


def _property(kernel: Kernel, strategy: st.SearchStrategy[Case], examples: int) -> None:
    supported = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def property_(case: Case) -> None:
        supported.append(check(kernel, case, cpu=CORTEX_M0))

    property_()
    assert any(supported)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits(name: str) -> None:
    _property(*CASES[name], examples=16)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits_in_a_long_sweep(name: str) -> None:
    _property(*CASES[name], examples=1500)


@pytest.mark.parametrize("name", CASES)
def test_is_for_cores_with_the_16_bit_instruction_set(name: str) -> None:
    kernel, strategy = CASES[name]

    @settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def property_(case: Case) -> None:
        (op,) = case.graph.operators
        assert not kernel.supports(op, case.graph, CORTEX_M3) and not kernel.supports(op, case.graph, CORTEX_M4)

    property_()


def test_grouped_convolutions_are_left_to_other_kernels() -> None:
    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(conv2d_graphs(grouped=True))
    def property_(case: Case) -> None:
        (op,) = case.graph.operators
        assert not any(k.supports(op, case.graph, CORTEX_M0) for k in armv6m.KERNELS)

    property_()


def _layer(weights: np.ndarray, inputs: np.ndarray, bias: int = 0, scale: float = 1.0) -> Case:
    """Fully connected rows, or a convolution where weights have four axes; the output has `scale` times the scale of
    the accumulators."""
    if weights.ndim == 4:
        op, shape = Conv2d(name="layer", inputs=("x", "w", "b"), outputs=("y",)), (*inputs.shape[:3], len(weights))
    else:
        op = FullyConnected(name="layer", inputs=("x", "w", "b"), outputs=("y",))
        shape = (len(inputs), len(weights))
    q = Quantization.per_tensor(0.01, 0)
    tensors = [
        Tensor("x", inputs.shape, "int8", Quantization.per_tensor(0.5, 0)),
        Tensor("w", weights.shape, "int8", q, weights.astype(np.int8)),
        Tensor("b", (len(weights),), "int32", Quantization.per_tensor(0.005, 0), np.full(len(weights), bias, np.int32)),
        Tensor("y", shape, "int8", Quantization.per_tensor(0.005 * scale, 0)),
    ]
    graph = make_case(op, tensors, np.random.default_rng(0)).graph
    return Case(graph, {"x": inputs.astype(np.int8)})


def _groups(case: Case) -> list[int]:
    found = []
    for kernel in armv6m.KERNELS:
        (op,) = case.graph.operators
        if kernel.supports(op, case.graph, CORTEX_M0):
            found.append(kernel.invoke(op, case.graph).params["group"])
            assert check(kernel, case, cpu=CORTEX_M0)
    return found


@pytest.mark.parametrize(("weight", "group"), [(127, 2), (-127, 2), (-128, 1)])
def test_two_products_are_summed_up_only_where_no_input_lets_them_overflow(weight: int, group: int) -> None:
    """128 * 128 + 128 * 128 is the one sum of two products beyond 16 bits."""
    inputs = np.array([[-128] * 6, [127] * 6, [-128, 127] * 3, [127, -128] * 3])
    weights = np.full((5, 6), weight)
    case = _layer(weights, inputs, scale=2.0**11)
    assert _groups(case) == [group]
    image = _layer(weights.reshape(5, 1, 1, 6), inputs.reshape(1, 2, 2, 6), scale=2.0**11)
    assert _groups(image) == [group, group]


def test_a_weight_of_the_lowest_integer_may_stand_beside_a_smaller_one() -> None:
    x = Tensor("x", (1, 4), "int8", Quantization.per_tensor(0.5, 0))
    beside = np.array([[-128, 127, -128, 126], [0, 0, -128, -127]], np.int8)
    assert pairs.group(beside, x) == 2
    # The second of an odd number of inputs is 0.
    assert pairs.group(np.array([[1, 1, -128]], np.int8), x) == 2
    assert pairs.group(np.array([[0, -128, -128, 0]], np.int8), x) == 2
    assert pairs.group(np.array([[0, 0, -128, -128]], np.int8), x) == 1


@pytest.mark.parametrize(
    ("bias", "exponent", "general"),
    [
        ((1 << 29) - (1 << 18), 21, False),
        (-(1 << 29) + (1 << 18), 21, False),
        (1 << 29, 21, True),
        (-(1 << 29), 21, True),
        ((1 << 31) - 1 - (1 << 18), 21, True),
        (1 << 28, 22, True),
    ],
)
def test_accumulators_beyond_the_short_multiplication(bias: int, exponent: int, general: bool) -> None:
    """Sums of more than 29 bits, and shifts that leave no room to round, take the general requantization."""
    inputs = np.random.default_rng(3).integers(-128, 128, (3, 8))
    case = _layer(np.random.default_rng(4).integers(-127, 128, (4, 8)), inputs, bias, scale=2.0 ** (exponent + 1))
    (op,) = case.graph.operators
    kernel = armv6m.FullyConnectedArmv6m()
    assert kernel.invoke(op, case.graph).params["general_requantization"] == general
    assert check(kernel, case, cpu=CORTEX_M0)
