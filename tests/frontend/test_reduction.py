"""Reductions: PyTorch's programs against the integer reference."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.frontend.programs import Difference, compare, kinds, post_training, samples, seeded
from tests.frontend.test_lowering import IMAGE, Case, One, conv
from tests.frontend.test_pairs import Plain, agree, compiled, integers


def _norms(x: Tensor) -> tuple[Tensor, ...]:
    return (
        x.norm(dim=1),
        torch.linalg.vector_norm(x, 1, (0, 2), keepdim=True),
        torch.linalg.vector_norm(x, float("inf"), -1),
        x.norm(),
    )


def _spreads(x: Tensor) -> tuple[Tensor, ...]:
    return (x.var(1), x.std((0, 2), correction=0, keepdim=True), x.std(), *torch.var_mean(x, -1))


CASES: dict[str, tuple[Callable[..., object], list[str]]] = {
    "sums": (lambda x: (x.sum(), x.sum(1), x.sum((0, -1), keepdim=True)), ["reduce_sum"] * 3),
    "extremes": (
        lambda x: (x.amax(1), x.amin((0, 2), keepdim=True), x.max()),
        ["reduce_max", "reduce_min", "reduce_max"],
    ),
    "norms": (_norms, ["moment", "moment", "table", "reduce_max", "moment"]),
    "spreads": (_spreads, ["moment"] * 4 + ["mean"]),
    "cumulative": (lambda x: torch.cumsum(x, 1), ["cumulative_sum"]),
}


@pytest.mark.parametrize("name", CASES)
def test_real(name: str) -> None:
    run, wanted = CASES[name]
    graph = agree(Plain(run), {"x": samples((2, 5, 6), 5)})
    assert sorted(kinds(graph)) == sorted(wanted)


def test_values_and_places() -> None:
    """Of the quantized tensor; its ties are those of the steps, so a permutation of distinct values is drawn."""
    x = torch.stack([torch.randperm(24) for _ in range(5)]).reshape(5, 2, 3, 4).float().numpy()
    agree(Plain(lambda x: (*x.max(1), *x.min(-1, keepdim=True), x.argmax(), x.argmin(0))), {"x": x})


@pytest.mark.parametrize("decompose", [False, True])
def test_integers(decompose: bool) -> None:
    data = {"n": integers(-4, 5, 3, 4)}
    agree(
        Plain(lambda n: (n.sum(), (n > 0).sum(1), n.amax(0), n.argmax(1), (n > 3).any(1), (n > -4).all(), n.max(0)[0])),
        data,
        decompose,
    )


def test_of_a_convolution() -> None:
    """No transposes: reductions take any order of axes."""
    case = Case(
        lambda: One(lambda m, x: m["c"](x).sum((2, 3)) + m["d"](x).amax((2, 3)), c=conv(3, 4), d=conv(3, 4)),
        IMAGE,
        ["conv2d", "reduce_sum", "conv2d", "reduce_max", "add"],
        output=3,
    )
    result: Difference = compare(post_training(seeded(case.model()), *case.shapes), *case.shapes)
    assert result.layer <= 1, result.where
    assert result.output <= case.output
    assert sorted(kinds(result.graph)) == sorted(case.kinds)


def test_log_sum_exp() -> None:
    graph = compiled(Plain(lambda x: torch.logsumexp(x, -1)), {"x": samples((4, 6), 5)})
    assert kinds(graph)[-1] == "add"
