"""Quantize and dequantize against PyTorch's quantized_decomposed operators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.graph import Quantization
from mcugen.graph.quantization import dequantize, quantize
from tests.graph.strategies.draws import quantizations, seeds

torch = pytest.importorskip("torch")
decomposed = pytest.importorskip("torch.ao.quantization.fx._decomposed")
EXAMPLES = settings(max_examples=200, deadline=None, derandomize=True)


def _values(rng: np.random.Generator, scale: float, shape: tuple[int, ...]) -> np.ndarray:
    """Real values over a bit more than int8's range, a third of them halfway between two integers."""
    steps = rng.uniform(-300, 300, shape)
    halves = np.floor(steps) + 0.5
    return (np.where(rng.integers(3, size=shape) == 0, halves, steps) * scale).astype(np.float32)


@EXAMPLES
@given(seeds, quantizations)
def test_per_tensor(rng: np.random.Generator, q: Quantization) -> None:
    real = _values(rng, q.scale, (50,))
    ours = quantize(real, q, "int8")
    theirs = torch.ops.quantized_decomposed.quantize_per_tensor(
        torch.from_numpy(real), q.scale, q.zero_point, -128, 127, torch.int8
    )
    np.testing.assert_array_equal(ours, theirs.numpy())
    back = torch.ops.quantized_decomposed.dequantize_per_tensor(theirs, q.scale, q.zero_point, -128, 127, torch.int8)
    np.testing.assert_array_equal(dequantize(ours, q), back.numpy())


@EXAMPLES
@given(seeds, st.integers(0, 2))
def test_per_channel(rng: np.random.Generator, axis: int) -> None:
    scales = rng.uniform(0.001, 1, 5)
    q = Quantization.per_channel(scales, axis)
    shape = tuple(5 if a == axis else 4 for a in range(3))
    real = _values(rng, 0.3, shape)
    ours = quantize(real, q, "int8")
    arguments = (torch.tensor(q.scales), torch.tensor(q.zero_points), axis, -128, 127, torch.int8)
    theirs = torch.ops.quantized_decomposed.quantize_per_channel(torch.from_numpy(real), *arguments)
    np.testing.assert_array_equal(ours, theirs.numpy())
    back = torch.ops.quantized_decomposed.dequantize_per_channel(theirs, *arguments)
    np.testing.assert_array_equal(dequantize(ours, q), back.numpy())


@EXAMPLES
@given(quantizations)
def test_integers_survive(q: Quantization) -> None:
    """Every int8 comes back from its real value."""
    integers = np.arange(-128, 128).astype(np.int8)
    np.testing.assert_array_equal(quantize(dequantize(integers, q), q, "int8"), integers)


def test_rounds_half_to_even_and_saturates() -> None:
    q = Quantization.per_tensor(1.0, 0)
    real = np.array([0.5, 1.5, -0.5, -1.5, 1e30, -1e30, np.inf, -np.inf], np.float32)
    np.testing.assert_array_equal(quantize(real, q, "int8"), [0, 2, 0, -2, 127, -128, 127, -128])
    assert quantize(real, q, "int32")[4] == 2**31 - 1


def test_refuses_nan_and_wrong_channels() -> None:
    with pytest.raises(ValueError, match="NaN"):
        quantize([0.0, np.nan], Quantization.per_tensor(1.0, 0), "int8")
    with pytest.raises(ValueError, match="2 scales"):
        quantize(np.zeros((3, 4)), Quantization.per_channel([1.0, 2.0], 0), "int8")
