"""Every DSP kernel against the integer reference, over random graphs, under sanitizers and over its input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.kernels import dsp
from mcugen.kernels.base import Kernel
from tests.graph.strategies import (
    Case,
    add_graphs,
    average_pool_graphs,
    batch_matmul_graphs,
    conv2d_graphs,
    depthwise_graphs,
    fully_connected_graphs,
    int16,
    max_pool_graphs,
    sub_graphs,
)
from tests.graph.strategies.kept_state import sequence_lstm_graphs, svdf_graphs
from tests.graph.strategies.wide import symmetric_requantize_graphs, wide_requantize_graphs
from tests.kernels.checking import CORTEX_M3, CORTEX_M4, check

POINTWISE: dict[str, Any] = {"kernel": (1, 1), "stride": (1, 1), "padding": "valid", "grouped": False}

CASES = {
    "add": (dsp.AddTableDsp(), add_graphs()),
    "sub": (dsp.SubTableDsp(), sub_graphs()),
    "average_pool2d": (dsp.AveragePool2dDsp(), average_pool_graphs()),
    "batch_matmul": (dsp.BatchMatMulDsp(), batch_matmul_graphs()),
    "conv2d_1x1": (dsp.Conv2d1x1Dsp(), conv2d_graphs(**POINTWISE)),
    "conv2d_1x1 in pairs": (dsp.Conv2d1x1PairedDsp(), conv2d_graphs(**POINTWISE)),
    "conv2d": (dsp.Conv2dDsp(), conv2d_graphs(grouped=False)),
    "conv2d in pairs": (dsp.Conv2dPairedDsp(), conv2d_graphs(grouped=False)),
    "conv2d of few channels": (dsp.Conv2dDsp(), conv2d_graphs(grouped=False, channels=st.integers(1, 5))),
    "conv2d of few channels in pairs": (
        dsp.Conv2dPairedDsp(),
        conv2d_graphs(grouped=False, channels=st.integers(1, 5)),
    ),
    "conv2d 3x3": (dsp.Conv2dDsp(), conv2d_graphs(grouped=False, kernel=(3, 3), dilation=(1, 1))),
    "conv2d by Winograd": (
        dsp.Conv2dWinogradDsp(),
        conv2d_graphs(grouped=False, kernel=(3, 3), stride=(1, 1), dilation=(1, 1)),
    ),
    "conv2d by Winograd, weights at run time": (
        dsp.Conv2dWinogradLightDsp(),
        conv2d_graphs(grouped=False, kernel=(3, 3), stride=(1, 1), dilation=(1, 1)),
    ),
    "conv2d by Winograd along rows": (
        dsp.Conv2dWinogradRowDsp(),
        st.sampled_from([(1, 3), (3, 3), (2, 3)]).flatmap(
            lambda k: conv2d_graphs(grouped=False, kernel=k, stride=(1, 1))
        ),
    ),
    "depthwise": (dsp.DepthwiseConv2dDsp(), depthwise_graphs()),
    "depthwise 3x3": (dsp.DepthwiseConv2dDsp(), depthwise_graphs(kernel=(3, 3), dilation=(1, 1))),
    "depthwise 3x3 stride 1": (
        dsp.DepthwiseConv2dDsp(),
        depthwise_graphs(kernel=(3, 3), dilation=(1, 1), stride=(1, 1), padding="same", multiplier=1),
    ),
    "conv2d, int4": (dsp.Conv2dS4Dsp(), conv2d_graphs(grouped=False, dtype="int4")),
    "conv2d 3x3, int4": (
        dsp.Conv2dS4Dsp(),
        conv2d_graphs(kernel=(3, 3), padding="same", grouped=False, channels=st.sampled_from([3, 4, 16]), dtype="int4"),
    ),
    "conv2d 1x1, int4": (
        dsp.Conv2d1x1S4Dsp(),
        conv2d_graphs(kernel=(1, 1), stride=(1, 1), padding="valid", grouped=False, dtype="int4"),
    ),
    "depthwise, int4": (dsp.DepthwiseConv2dS4Dsp(), depthwise_graphs(dtype="int4")),
    "depthwise 3x3, int4": (dsp.DepthwiseConv2dS4Dsp(), depthwise_graphs(kernel=(3, 3), dtype="int4")),
    "fully_connected, int4": (dsp.FullyConnectedS4Dsp(), fully_connected_graphs(dtype="int4")),
    "fully_connected vector, int4": (dsp.FullyConnectedVectorS4Dsp(), fully_connected_graphs(dtype="int4")),
    "fully_connected": (dsp.FullyConnectedDsp(), fully_connected_graphs()),
    "fully_connected in pairs": (dsp.FullyConnectedPairedDsp(), fully_connected_graphs()),
    "fully_connected vector in pairs": (dsp.FullyConnectedVectorPairedDsp(), fully_connected_graphs()),
    "max_pool2d": (dsp.MaxPool2dDsp(), max_pool_graphs()),
    "conv2d of int16": (dsp.Conv2dInt16Dsp(), int16.widened(conv2d_graphs(grouped=False))),
    "conv2d_1x1 of int16": (dsp.Conv2dInt16Dsp(), int16.widened(conv2d_graphs(**POINTWISE))),
    "depthwise of int16": (
        dsp.DepthwiseConv2dInt16Dsp(),
        int16.widened(depthwise_graphs(multiplier=1, channels=st.sampled_from([2, 4, 6, 16, 64]))),
    ),
    "sum of int16": (dsp.AddInt16Dsp(), int16.widened(add_graphs())),
    "difference of int16": (dsp.SubInt16Dsp(), int16.widened(sub_graphs())),
    "requantize from or to int16": (
        dsp.RequantizeWideDsp(),
        st.one_of(wide_requantize_graphs(), symmetric_requantize_graphs()),
    ),
    "fully_connected of int16": (dsp.FullyConnectedInt16Dsp(), int16.widened(fully_connected_graphs())),
    "fully_connected vector": (dsp.FullyConnectedVectorDsp(), fully_connected_graphs()),
    "unidirectional_sequence_lstm": (dsp.SequenceLstmDsp(), sequence_lstm_graphs()),
    "svdf": (dsp.SvdfDsp(), svdf_graphs()),
}

ON_HALVES: dict[str, tuple[Kernel, st.SearchStrategy[Case]]] = {
    f"{kernel.operator.kind} of int16": (kernel, int16.ALL[kernel.operator.kind]())
    for kernel in (
        dsp.AveragePool2dInt16Dsp(),
        dsp.BatchMatMulInt16Dsp(),
        dsp.ClampInt16Dsp(),
        dsp.MaxPool2dInt16Dsp(),
        dsp.MeanInt16Dsp(),
        dsp.MulInt16Dsp(),
        dsp.ReduceSumInt16Dsp(),
        dsp.SoftmaxInt16Dsp(),
        dsp.TableInt16Dsp(),
    )
}
"""The emulated core runs some of these in every test run (test_elementwise_int16.py)."""
CASES |= ON_HALVES


def _property(kernel: Kernel, strategy: st.SearchStrategy[Case], examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def property_(case: Case) -> None:
        check(kernel, case, cpu=CORTEX_M4)

    property_()


@pytest.mark.sampled(16)
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits(name: str) -> None:
    # The shapes are those of int8.
    _property(*CASES[name], examples=10 if name.endswith("int16") else 40)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits_in_a_long_sweep(name: str) -> None:
    _property(*CASES[name], examples=1500)


@pytest.mark.parametrize("name", [n for n in CASES if n not in ON_HALVES])
def test_needs_a_core_with_dsp(name: str) -> None:
    kernel, strategy = CASES[name]
    supported = []

    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def property_(case: Case) -> None:
        (op,) = case.graph.operators
        supported.append(kernel.supports(op, case.graph, CORTEX_M4))
        assert not kernel.supports(op, case.graph, CORTEX_M3)

    property_()
    assert any(supported)


def test_grouped_convolutions_are_left_to_other_kernels() -> None:
    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(conv2d_graphs(grouped=True))
    def property_(case: Case) -> None:
        (op,) = case.graph.operators
        assert not any(k.supports(op, case.graph, CORTEX_M4) for k in dsp.KERNELS)

    property_()
