"""Plain integers made of real numbers, and the reverse: PyTorch's programs against the integer reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.frontend import import_program
from mcugen.graph import reference
from tests.frontend.operators.test_pairs import Plain, agree, integers
from tests.frontend.programs import kinds, samples

# All int8 numbers: quantized, they are what they were.
WHOLE = np.stack([np.random.default_rng(i).permutation(256) for i in range(5)]).reshape(5, 2, 8, 16).astype(np.float32)
WHOLE -= 128


@pytest.mark.parametrize("decompose", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_real_to_integer(decompose: bool) -> None:
    def run(x: Tensor, n: Tensor) -> tuple[Tensor, ...]:
        return (
            *(x.long(), (x * 0.3).int(), (x / 7).to(torch.int8), torch.round(x * 0.11).to(torch.int16), x.bool()),
            *((x * 1e6).to(torch.int32), (x * 0.25).int() + n, (x * 0.3).int() * 2 - 1),
            *((x * 0.5).int().float(), (x > 3).long(), (x * 0.5).bool().float()),
        )

    agree(Plain(run), {"x": WHOLE, "n": integers(-5, 5, 16, dtype=np.int32)}, decompose)


def test_behind_a_layer() -> None:
    graph = agree(Plain(lambda x: (torch.relu(x).long(), x.reshape(-1).to(torch.int32))), {"x": WHOLE})
    assert [kind for kind in kinds(graph) if kind != "clamp"] == ["table", "cast", "table", "cast"]


class _Cut(nn.Module):
    def __init__(self, scale: float, zero_point: int, factor: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.given = scale, zero_point
        self.factor, self.dtype = factor, dtype

    def forward(self, x: Tensor) -> Tensor:
        real = torch.ops.quantized_decomposed.dequantize_per_tensor(x, *self.given, -128, 127, torch.int8)
        return (real * self.factor).to(self.dtype)


def test_cut_as_pytorch_cuts() -> None:
    """All int8 numbers in many quantizations, among them those whose steps are tenths: no fraction is off."""
    rng = np.random.default_rng(11)
    x = torch.arange(-128, 128).to(torch.int8)
    for index in range(24):
        scale = float(np.float32(rng.choice([0.1, 0.2, 1 / 3, 0.7, 2.0 ** rng.uniform(-6, 6)])))
        factor = float(rng.choice([1.0, 10.0, 3.0, rng.uniform(-2, 2)]))
        dtype = (torch.int8, torch.int16, torch.int32, torch.int64)[index % 4]
        model = _Cut(scale, int(rng.integers(-128, 128)), factor, dtype)
        graph = import_program(torch.export.export(model, (x,)), "net")
        ours = reference.run_model_layout(graph, {"x": x.numpy()[None]})
        np.testing.assert_array_equal(next(iter(ours.values())).reshape(-1), model(x).numpy(), err_msg=str(index))


def test_functions_of_integers() -> None:
    def run(n: Tensor, x: Tensor) -> tuple[Tensor, ...]:
        return n.sqrt(), (n > 3).sum().float().sqrt(), torch.cat((x, n[:, :1]), 1)

    agree(Plain(run), {"n": integers(0, 50, 3, 4), "x": samples((3, 2), 5)})


@pytest.mark.parametrize("dtype", [np.int8, *(pytest.param(t, marks=pytest.mark.slow) for t in (np.int32, np.int64))])
def test_arithmetic(dtype: type) -> None:
    """Truncating divisions, shifts, and what others express."""

    def run(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        return (
            *(torch.fmod(a, b), torch.fmod(a, -3), torch.div(a, b, rounding_mode="trunc"), a.abs(), a.sign(), a**3),
            *(torch.div(a, -4, rounding_mode="trunc"), a << 2, a >> 1, torch.bitwise_left_shift(a, b), a.square()),
            *(torch.bitwise_right_shift(a, b), torch.cat((a, b.short()), 1), torch.stack((a, a > 2))),
        )

    low, high = (-128, 128) if dtype is np.int8 else (-1000, 1000)
    agree(Plain(run), {"a": integers(low, high, 3, 4, dtype=dtype), "b": integers(1, 7, 3, 4, dtype=dtype)})


def test_a_comparison_in_place_leaves_numbers() -> None:
    agree(Plain(lambda x: x.clone().gt_(0.5) + x), {"x": WHOLE})


@pytest.mark.parametrize(
    "dtype", [np.int16, *(pytest.param(t, marks=pytest.mark.slow) for t in (np.int8, np.int32, np.int64))]
)
def test_padding_with_a_number(dtype: type) -> None:
    def run(n: Tensor) -> tuple[Tensor, ...]:
        return functional.pad(n, (1, 2), value=7), functional.pad(n, (-1, 2, 1, 0), value=-100)

    data = integers(-128, 128, 3, 4, dtype=dtype)
    data[0, 0] = np.iinfo(dtype).min, np.iinfo(dtype).max, 0, 1
    agree(Plain(run), {"n": data})
