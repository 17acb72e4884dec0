"""Reductions: PyTorch's programs against the integer reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.frontend import import_program
from mcugen.graph import reference
from tests.frontend.operators.test_pairs import Plain, agree, compiled, integers
from tests.frontend.programs import Difference, compare, kinds, post_training, samples, seeded
from tests.frontend.test_lowering import IMAGE, Case, One, conv


def _norms(x: Tensor) -> tuple[Tensor, ...]:
    return (
        x.norm(dim=1),
        torch.linalg.vector_norm(x, 1, (0, 2), keepdim=True),
        torch.linalg.vector_norm(x, float("inf"), -1),
        x.norm(),
    )


def _other_orders(x: Tensor) -> tuple[Tensor, ...]:
    some = (x > 0).float()
    norms = (torch.linalg.vector_norm(x, order, -1) for order in (1.5, 3, 4, 7))
    return (*norms, functional.normalize(x, 3.0, 1), torch.linalg.vector_norm(some, 0, -1))


def _products(x: Tensor) -> tuple[Tensor, ...]:
    return (x.prod(-1), x.prod(1, keepdim=True), (x.abs() + 1).prod(0))


def _spreads(x: Tensor) -> tuple[Tensor, ...]:
    return (x.var(1), x.std((0, 2), correction=0, keepdim=True), x.std(), *torch.var_mean(x, -1))


CASES: dict[str, tuple[Callable[..., object], list[str]]] = {
    "sums": (lambda x: (x.sum(), x.sum(1), x.sum((0, -1), keepdim=True)), ["reduce_sum"] * 3),
    "extremes": (
        lambda x: (x.amax(1), x.amin((0, 2), keepdim=True), x.max()),
        ["reduce_max", "reduce_min", "reduce_max"],
    ),
    "norms": (_norms, ["moment", "moment", "table", "reduce_max", "moment"]),
    "other orders": (_other_orders, ["moment"] * 6 + ["table", "take", "div"]),
    "products": (_products, ["product"] * 3 + ["table"]),
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


class _Between(nn.Module):
    """A function of a quantized tensor, quantized."""

    def __init__(self, run: Callable[[Tensor], Tensor], given: tuple[float, int], made: tuple[float, int]) -> None:
        super().__init__()
        self.run, self.given, self.made = run, given, made

    def forward(self, x: Tensor) -> Tensor:
        ops, ends = torch.ops.quantized_decomposed, (-128, 127, torch.int8)
        result = self.run(ops.dequantize_per_tensor(x, *self.given, *ends))
        return ops.dequantize_per_tensor(ops.quantize_per_tensor(result, *self.made, *ends), *self.made, *ends)


def test_within_a_step_of_pytorch() -> None:
    """Norms of any order and products, of integers from one end to the other, in many quantizations."""
    rng = np.random.default_rng(8)
    for index, order in enumerate((0.3, 0.5, 1.5, 3, 5, 8, None, None, None)):

        def run(x: Tensor, order: float | None = order) -> Tensor:
            return x.prod(-1) if order is None else torch.linalg.vector_norm(x, order, -1)

        given = (float(np.float32(2.0 ** rng.uniform(-7, -3))), int(rng.integers(-128, 128)))
        x = torch.from_numpy(rng.integers(-128, 128, (6, 40, 2 + index % 4)).astype(np.int8))
        x[0], x[1, :, 0], x[2] = given[1], given[1], x[2] // 16
        real = run((x.double() - given[1]) * given[0])
        made = (float(np.float32(real.abs().max() / rng.uniform(100, 300))), int(rng.integers(-128, 128)))
        model = _Between(run, given, made)
        graph = import_program(torch.export.export(model, (x,)), "net")
        (ours,) = reference.run_model_layout(graph, {"x": x.numpy()[None]}).values()
        wanted = model(x).double() / made[0] + made[1]
        assert np.abs(ours.reshape(wanted.shape) - wanted.numpy()).max() <= 1.01, order


def test_root_of_a_variance() -> None:
    """How a deviation is decomposed."""
    graph = agree(Plain(lambda x: x.std(1)), {"x": samples((2, 5, 6), 5)}, decompose=True)
    assert kinds(graph) == ["moment"]


@pytest.mark.parametrize("dtype", [np.int32, pytest.param(np.int64, marks=pytest.mark.slow)])
def test_integer_products_and_sums(dtype: type) -> None:
    def run(n: Tensor) -> tuple[Tensor, ...]:
        return n.prod(1), n.prod(), n.prod(0, True, dtype=torch.int32), n.cumsum(1), (n > 0).cumsum(0), (n > 0).prod(1)

    agree(Plain(run), {"n": integers(-99, 99, 3, 4, dtype=dtype)})


def test_log_sum_exp() -> None:
    graph = compiled(Plain(lambda x: torch.logsumexp(x, -1)), {"x": samples((4, 6), 5)})
    assert kinds(graph)[-1] == "add"
