"""Sums of values at constant places, and what circular padding is decomposed to: PyTorch's programs and ours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import import_program
from mcugen.graph import reference
from tests.frontend.operators.test_pairs import Plain, agree
from tests.frontend.programs import kinds, samples

PLACES = torch.tensor([[0, 2, 2], [1, 0, 2]]), torch.tensor([[3, 0, 1], [0, 3, 1]])


def _folds(x: Tensor) -> tuple[Tensor, ...]:
    """Windows that overlap, that do not, and that reach into padding; x: (N, 12, 30)"""
    return (
        functional.fold(x, (6, 7), 2),
        functional.fold(x[:, :, :12], (6, 8), 2, stride=2),
        functional.fold(x[0, :, :20], (5, 7), (1, 4)),
        functional.fold(x[:, :9, :16], (4, 4), 3, padding=1, stride=1),
    )


@pytest.mark.parametrize(("batch", "decompose"), [(3, False), pytest.param(1, True, marks=pytest.mark.slow)])
def test_fold(batch: int, decompose: bool) -> None:
    graph = agree(Plain(_folds), {"x": samples((batch, 12, 30), 5)}, decompose)
    assert kinds(graph).count("take_sum") == 4


class _Exact(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        ops, ends = torch.ops.quantized_decomposed, (-128, 127, torch.int8)
        real = ops.dequantize_per_tensor(x, 0.25, -7, *ends)
        folded = functional.fold(real, (8, 9), (2, 3), dilation=2, padding=(1, 2), stride=(2, 1))
        return ops.dequantize_per_tensor(ops.quantize_per_tensor(folded, 0.25, 5, *ends), 0.25, 5, *ends)


@pytest.mark.parametrize("decompose", [False, True])
def test_equal_to_pytorch(decompose: bool) -> None:
    """Of one scale: no sum is rounded, those beyond int8 saturate."""
    x = torch.from_numpy(np.random.default_rng(2).integers(-128, 128, (2, 18, 36)).astype(np.int8))
    program = torch.export.export(_Exact(), (x,))
    graph = import_program(program.run_decompositions() if decompose else program, "net")
    (ours,) = reference.run_model_layout(graph, {"x": x.numpy()[None]}).values()
    wanted = _Exact()(x) / 0.25 + 5
    np.testing.assert_array_equal(ours.reshape(wanted.shape), wanted.numpy().astype(np.int8))


def test_scattered_sums() -> None:
    def run(x: Tensor) -> tuple[Tensor, Tensor]:
        zeros = torch.zeros(3, 4, 5)
        return zeros.index_put(PLACES, x, accumulate=True), zeros.index_put((PLACES[0],), x[:, :, None], True)

    with pytest.raises(UnsupportedOperatorError, match="broadcast"):
        agree(Plain(run), {"x": samples((2, 3, 5), 5)})
    agree(Plain(lambda x: run(x.expand(2, 3, 5))[0]), {"x": samples((2, 3, 5), 5)})


@pytest.mark.parametrize(
    "mode", ["circular", *(pytest.param(m, marks=pytest.mark.slow) for m in ("reflect", "replicate"))]
)
def test_padding_modes_after_decomposition(mode: str) -> None:
    image = nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode=mode)
    signal = nn.Conv1d(4, 3, 3, padding=1, padding_mode=mode)
    layers = nn.Sequential(image, nn.Flatten(0, 1), signal)
    with torch.no_grad():
        graph = agree(layers, {"x": samples((3, 2, 4, 6), 5)}, decompose=True)
    assert [kind for kind in kinds(graph) if kind != "transpose"] == ["take", "conv2d"] * 2


def test_filled_from_two_tensors() -> None:
    def run(x: Tensor, y: Tensor) -> Tensor:
        filled = torch.empty(2, 6)
        filled[:, :4] = x
        filled[:, 4:] = y
        filled[:, 5] = x[:, 0]
        return filled + x[:, :1]

    agree(Plain(run), {"x": samples((2, 4), 5), "y": samples((2, 2), 5, seed=1)}, decompose=True)


def test_values_at_places_of_the_model_are_refused() -> None:
    with pytest.raises(UnsupportedOperatorError, match="sums at constant places"):
        agree(Plain(lambda x: torch.zeros(4).index_put(((x > 0).long(),), x)), {"x": samples((4,), 5)})
