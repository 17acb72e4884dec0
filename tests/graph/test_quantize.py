"""float32 at the borders: PyTorch's quantized operators have the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.ao.quantization.fx import _decomposed  # noqa: F401  # registers the operators

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Dequantize, Quantize
from mcugen.graph.ops.elementwise.quantize import TYPES
from mcugen.graph.tensor import dtype_range
from tests.graph.strategies.floats import EXTREMES, around

SHAPE = (4000,)
SCALES = (0.25, 0.0471, 3.1e-4, 2.0**-15, 1e-38, 1e30)


def tensors(dtype: str, scale: float) -> tuple[Tensor, Tensor]:
    low, high = dtype_range(dtype)
    point = {"int8": -3, "uint8": 131, "int16": 0}[dtype]
    assert low <= point <= high
    return Tensor("x", SHAPE, dtype, Quantization.per_tensor(scale, point)), Tensor("y", SHAPE, "float32")


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("scale", SCALES)
def test_quantize_as_pytorch(dtype: str, scale: float) -> None:
    integers, real = tensors(dtype, scale)
    rng = np.random.default_rng(7)
    values = around(rng, integers, SHAPE)
    values[: len(EXTREMES)] = EXTREMES
    # PyTorch converts infinity and NaN to whatever the CPU makes of them.
    values = np.where(np.isfinite(values), values, np.float32(0))
    op = Quantize(name="q", inputs=("y",), outputs=("x",))
    (found,) = op.reference([values], [real], [integers])
    low, high = integers.integer_range
    wanted = torch.ops.quantized_decomposed.quantize_per_tensor(
        torch.from_numpy(values), integers.scale, integers.zero_point, low, high, getattr(torch, dtype)
    ).numpy()
    np.testing.assert_array_equal(found, wanted)
    back = Dequantize(name="d", inputs=("x",), outputs=("y",))
    (again,) = back.reference([found], [integers], [real])
    expected = torch.ops.quantized_decomposed.dequantize_per_tensor(
        torch.from_numpy(found), integers.scale, integers.zero_point, low, high, getattr(torch, dtype)
    ).numpy()
    np.testing.assert_array_equal(again.view(np.int32), expected.view(np.int32))


@pytest.mark.parametrize("dtype", TYPES)
def test_what_is_no_number_or_beyond_all(dtype: str) -> None:
    integers, real = tensors(dtype, 0.5)
    low, high = integers.integer_range
    values = np.resize(np.array([np.nan, np.inf, -np.inf, 3e38, -3e38], np.float32), SHAPE)
    (found,) = Quantize(name="q", inputs=("y",), outputs=("x",)).reference([values], [real], [integers])
    assert found[:5].tolist() == [integers.zero_point, high, low, high, low]
