"""Requantization in the DSP kernels: any accumulator, multiplier, shift, zero point and clamp, against the reference.

A layer whose weights are 0 has its bias for an accumulator, so every accumulator can be tried.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.graph.arithmetic import quantize_multiplier, rounding_divide_by_pot
from mcugen.graph.ops import DepthwiseConv2d, FullyConnected
from mcugen.graph.tensor import Quantization, Tensor
from mcugen.kernels import dsp
from mcugen.kernels.base import Kernel
from mcugen.kernels.requantization import pack_channels
from tests.graph.strategies import Case, make_case
from tests.kernels.checking import CORTEX_M4, check

CHANNELS = 64


def _layer(
    depthwise: bool, bias: np.ndarray, scales: np.ndarray, zero_point: int, clamp: tuple[int, int], weight: int = 0
) -> Case:
    channels = len(bias)
    x_shape, w_shape, y_shape, axis = (1, 1), (channels, 1), (1, channels), 0
    if depthwise:
        x_shape, w_shape, y_shape, axis = (1, 1, 1, 1), (1, 1, 1, channels), (1, 1, 1, channels), 3
    tensors = [
        Tensor("input", x_shape, "int8", Quantization.per_tensor(1.0, 5)),
        Tensor("weights", w_shape, "int8", Quantization.per_channel(scales, axis), np.full(w_shape, weight, np.int8)),
        Tensor("bias", (channels,), "int32", Quantization.per_channel(scales, 0), bias.astype(np.int32)),
        Tensor("output", y_shape, "int8", Quantization.per_tensor(1.0, zero_point)),
    ]
    cls = DepthwiseConv2d if depthwise else FullyConnected
    op = cls(name="layer", inputs=("input", "weights", "bias"), outputs=("output",), clamp=clamp)
    return make_case(op, tensors, np.random.default_rng(0))


def _general(kernel: Kernel, case: Case) -> bool:
    return bool(kernel.invoke(case.graph.operators[0], case.graph).params["general_requantization"])


@st.composite
def _channels(draw: st.DrawFn, exponents: tuple[int, int], reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Accumulators around the int8 range and around its ties, and scales; half of the mantissas are powers of two."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    exponent = rng.integers(*exponents, CHANNELS, endpoint=True)
    mantissa = np.where(rng.random(CHANNELS) < 0.5, 1.0, rng.uniform(1, 2, CHANNELS))
    scales = (mantissa * 2.0 ** -exponent.astype(float)).astype(np.float32)
    # In half steps of the output, so that ties are common, and one off.
    halves = rng.integers(-600, 601, CHANNELS) / 2
    bias = np.round(halves / scales) + rng.integers(-1, 2, CHANNELS)
    return np.clip(bias, -reach, reach).astype(np.int64), scales


_zero_points = st.one_of(st.sampled_from([-128, 0, 127]), st.integers(-128, 127))
_clamps = st.one_of(
    st.just((-128, 127)),
    st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(lambda c: (min(c), max(c))),
)


@pytest.mark.parametrize("depthwise", [False, True])
def test_fast_form(depthwise: bool) -> None:
    kernel: Kernel = dsp.DepthwiseConv2dDsp() if depthwise else dsp.FullyConnectedVectorDsp()

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(_channels((2, 18), 2**29), _zero_points, _clamps)
    def property_(channels: tuple[np.ndarray, np.ndarray], zero_point: int, clamp: tuple[int, int]) -> None:
        case = _layer(depthwise, *channels, zero_point, clamp)
        assert not _general(kernel, case)
        check(kernel, case, cpu=CORTEX_M4)

    property_()


@pytest.mark.parametrize("depthwise", [False, True])
def test_any_form(depthwise: bool) -> None:
    kernel: Kernel = dsp.DepthwiseConv2dDsp() if depthwise else dsp.FullyConnectedVectorDsp()
    forms = set()

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(_channels((-6, 34), 2**31 - 1 - 256), _zero_points, _clamps, st.integers(0, 1))
    def property_(
        channels: tuple[np.ndarray, np.ndarray], zero_point: int, clamp: tuple[int, int], weight: int
    ) -> None:
        # Without weights every channel is a constant, which the fast form can always give.
        case = _layer(depthwise, *channels, zero_point, clamp, weight)
        forms.add(_general(kernel, case))
        check(kernel, case, cpu=CORTEX_M4)

    property_()
    assert forms == {False, True}


def test_ties_of_negative_values_are_tested() -> None:
    # -2.5 rounds to -3, away from zero; ties up would give -2.
    bias, scale = np.array([-10] * 4), np.full(4, 0.25, np.float32)
    multiplier, shift = quantize_multiplier(0.25)
    assert (multiplier, shift) == (1 << 30, -1)
    assert rounding_divide_by_pot(-5, 1) == -3
    case = _layer(False, bias, scale, 0, (-128, 127))
    assert not _general(dsp.FullyConnectedVectorDsp(), case)
    check(dsp.FullyConnectedVectorDsp(), case, cpu=CORTEX_M4)


def test_a_dead_channel_keeps_the_fast_form() -> None:
    """A channel with a tiny scale always gives the zero point: it must not slow down its layer."""
    x = Tensor("x", (1, 4), "int8", Quantization.per_tensor(1.0, 0))
    out = Tensor("y", (1, 2), "int8", Quantization.per_tensor(1.0, -7))
    weights = np.array([[1, 2, 3, 4], [100, 0, 0, 0]], np.int8)
    multiplier, shift = np.array([1 << 30, 0]), np.array([-5, 0])
    packed = pack_channels(weights, None, (multiplier, shift), x, out, (-128, 127))
    assert not packed.general
    assert packed.weights.tolist() == [[1, 2, 3, 4], [0, 0, 0, 0]]
    assert packed.bias.tolist() == [0, 0]


@pytest.mark.parametrize(("doubled", "general"), [(False, False), (True, True)])
def test_doubled_sums_need_one_more_bit(doubled: bool, general: bool) -> None:
    """An accumulator beyond 2**30 fits the plain fast form, but not twice."""
    x = Tensor("x", (1, 1), "int8", Quantization.per_tensor(1.0, 0))
    out = Tensor("y", (1, 1), "int8", Quantization.per_tensor(1.0, -128))
    # At a tie, so that the output is no constant: 128.5 above the zero point, give or take the input.
    weights, bias = np.array([[1]], np.int8), np.array([2**30 + 2**22], np.int32)
    multiplier, shift = np.array([1 << 30]), np.array([-22])
    packed = pack_channels(weights, bias, (multiplier, shift), x, out, (-128, 127), doubled=doubled)
    assert packed.weights.tolist() == [[1]]
    assert packed.general is general
