"""Rewrites of operators: the float program computes what it did before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._pytree import tree_leaves

from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.rewrites.canonical import REWRITES, canonicalize
from tests.frontend.operators.test_pairs import Plain

LOW, HIGH = torch.linspace(-1, 0, 9), torch.linspace(0, 1, 9)

CASES: dict[str, Callable[[Tensor], object]] = {
    "values and places": lambda x: (*x.max(1), *x.min(-1, keepdim=True), x.max(), x.min()),
    "extremes of two": lambda x: (torch.max(x, x.flip(0)), torch.min(x, x.flip(1))),
    "limits": lambda x: (x.clamp(LOW, HIGH), torch.clamp_min(x, LOW), torch.clamp_max(x, HIGH)),
    "alpha": lambda x: (torch.add(x, x.flip(0), alpha=3), torch.sub(x, x.flip(0), alpha=0.5), torch.rsub(x, x.flip(0))),
    "alpha of rsub": lambda x: torch.rsub(x, x.flip(1), alpha=2),
    "moments": lambda x: (*torch.var_mean(x, 1), *torch.std_mean(x, (0, 2), correction=0, keepdim=True)),
    "log of a sum": lambda x: (torch.logsumexp(x, -1), torch.logsumexp(x, (0, 1), keepdim=True)),
    "divisor": lambda x: functional.avg_pool2d(x, 3, 2, 1, divisor_override=5),
    "divisor, ceil mode": lambda x: functional.avg_pool2d(x, 2, 3, ceil_mode=True, divisor_override=3),
    "divisor, both": lambda x: functional.avg_pool2d(x, (3, 2), 2, 1, ceil_mode=True, divisor_override=3),
    "counted padding, ceil mode": lambda x: functional.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
    "no window starts in the padding": lambda x: functional.avg_pool2d(x[..., :5, :5], 2, 3, 1, ceil_mode=True),
    "counted padding, ceil mode, a row": lambda x: functional.avg_pool1d(x[0], 4, 3, 2, ceil_mode=True),
    "truth as numbers": lambda x: ((x > 0).float() + 1, x * (x > 0.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_computes_the_same(name: str) -> None:
    x = torch.randn(2, 3, 8, 9, generator=torch.Generator().manual_seed(1))
    module = torch.export.export(Plain(CASES[name]), (x,)).module(check_guards=False)
    expected = tree_leaves(module(x))
    canonicalize(module)
    left = {target_name(node) for node in module.graph.nodes} & {*REWRITES}
    assert not left - {"aten.add.Tensor", "aten.sub.Tensor", "aten.avg_pool2d.default", "aten.avg_pool1d.default"}
    for got, wanted in zip(tree_leaves(module(x)), expected, strict=True):
        assert got.dtype == wanted.dtype
        torch.testing.assert_close(got, wanted)
