"""Averages that divide by another number than the elements inside the input; places of maxima, dilation."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor, nn
from torch.nn import functional

from mcugen.errors import UnsupportedOperatorError
from tests.frontend.operators.test_pairs import Plain, agree
from tests.frontend.programs import Difference, compare, kinds, post_training, seeded
from tests.frontend.test_lowering import IMAGE, conv, seq

CASES = {
    "divisor": (nn.AvgPool2d(3, 2, divisor_override=4), IMAGE, ["conv2d", "depthwise_conv2d"]),
    "divisor, padded": (nn.AvgPool2d(3, 2, 1, divisor_override=2), IMAGE, ["conv2d", "depthwise_conv2d"]),
    "divisor, ceil mode": (
        nn.AvgPool2d(2, 3, ceil_mode=True, divisor_override=3),
        IMAGE,
        ["conv2d", "depthwise_conv2d"],
    ),
    "ceil mode, counted padding": (
        nn.AvgPool2d(3, 2, 1, ceil_mode=True),
        ((1, 3, 10, 9),),
        ["conv2d", "pad", "average_pool2d"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    pool, shapes, wanted = CASES[name]
    result: Difference = compare(post_training(seeded(seq(conv(3, 4), pool)()), *shapes), *shapes)
    assert result.layer <= 1, result.where
    assert result.output <= 2
    assert kinds(result.graph) == wanted


def _distinct(*shape: int) -> np.ndarray:  # type: ignore[type-arg]
    """Values that are steps of their own, so that places are those of the float model."""
    rng = np.random.default_rng(5)
    return np.stack([rng.permutation(int(np.prod(shape))) for _ in range(5)]).reshape(5, *shape).astype(np.float32)


def _pools(x: Tensor) -> tuple[Tensor, ...]:
    row = x[:, :, 0]
    return (
        *functional.max_pool2d(x, 3, 2, 1, return_indices=True),
        *functional.max_pool2d(x, (2, 3), (1, 2), (1, 0), (3, 2), return_indices=True),
        functional.max_pool2d(x, 2, 2, 0, 2, ceil_mode=True),
        *functional.max_pool1d(row, 2, 2, 1, 3, return_indices=True, ceil_mode=True),
        functional.max_pool1d(row, 3, 1, 0, 2),
        *functional.adaptive_max_pool2d(x, (3, 5), return_indices=True),
        *functional.adaptive_max_pool1d(row, 4, return_indices=True),
        functional.adaptive_max_pool2d(x[:, 0], 3),
        functional.max_pool2d(x, 2, return_indices=True)[1],
    )


@pytest.mark.parametrize(("batch", "decompose"), [(3, False), pytest.param(1, True, marks=pytest.mark.slow)])
def test_places_and_dilation(batch: int, decompose: bool) -> None:
    graph = agree(Plain(_pools), {"x": _distinct(batch, 2, 6, 7)}, decompose)
    found = kinds(graph)
    assert found.count("max_pool_places2d") == 6 and found.count("spanned_max_pool2d") == 7
    assert found.count("max_pool2d") == 1


def test_windows_of_padding_are_refused() -> None:
    with pytest.raises(UnsupportedOperatorError, match="nothing but padding"):
        agree(Plain(lambda x: functional.max_pool1d(x, 2, 1, 1, 4)), {"x": _distinct(1, 2, 3)})
