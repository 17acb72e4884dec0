"""What takes an operator's place computes what the operator does, and every definition is tried."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as f
from torch.utils._pytree import tree_leaves

from mcugen.frontend.definitions import COMPOSED, DEFINITIONS
from mcugen.frontend.functional import make_functional
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.rewrites.composites import EXPANSIONS, expand_composites
from tests.frontend.operators.test_pairs import Plain

LEFT, RIGHT, ADDED = (torch.linspace(-1, 1, n * m).reshape(n, m) for n, m in ((3, 4), (4, 5), (3, 5)))
PLACES = torch.tensor([[0, 2], [1, 0]])

PRODUCTS: dict[str, Callable[[Tensor], object]] = {
    "sums with products": lambda x: (
        torch.addmm(x[0, 0, :3, :5], LEFT, RIGHT, beta=0.5, alpha=2),
        torch.addmm(ADDED, x[0, 0, :3, :4], x[0, 0, :4, :5], beta=0),
        torch.addmm(x[0, 0, 0, :5], x[0, 0, :3, :4], RIGHT),
        torch.baddbmm(x[0, :, :3, :5], x[0, :, :3, :4], x[1, :, :4, :5], alpha=-1),
        torch.addbmm(x[0, 0, :3, :5], x[0, :, :3, :4], x[1, :, :4, :5], beta=3),
        torch.addmv(x[0, 0, 0, :3], x[0, 0, :3, :4], x[0, 0, 0, :4], beta=2, alpha=0.5),
        torch.addr(x[0, 0, :3, :4], x[0, 0, 0, :3], x[0, 0, 0, :4], alpha=2),
    ),
    "products": lambda x: (
        torch.mv(LEFT, x[0, 0, 0, :4]),
        torch.dot(x[0, 0, 0], x[0, 0, 1]),
        torch.vdot(x[0, 0, 0], x[0, 0, 1]),
        torch.outer(x[0, 0, 0], x[0, 0, 1]),
        torch.ger(x[0, 0, 0], x[0, 0, 1]),
        torch.inner(x, x[0, 0, 1]),
        torch.kron(x[0, 0], LEFT),
        torch.tensordot(x, RIGHT, dims=([2], [0])) if x.shape[2] == 4 else torch.tensordot(x, x, dims=([3], [3])),
        torch.chain_matmul(x[0, 0, :3, :4], RIGHT),
    ),
    "linear algebra": lambda x: (
        torch.linalg.matmul(x, x.mT),
        torch.linalg.multi_dot([x[0, 0, :3, :4], RIGHT, RIGHT.T]),
        torch.linalg.vecdot(x, x.flip(0)),
        torch.linalg.norm(x, dim=1),
        torch.linalg.matrix_norm(x),
        f.linear(x, x[0, 0], x[0, 0, :, 0]),
        f.bilinear(x, x.flip(0), torch.ones(2, x.shape[3], x.shape[3]), torch.ones(2)),
    ),
}
POINTWISE: dict[str, Callable[[Tensor], object]] = {
    "aliases": lambda x: (
        torch.absolute(x),
        torch.negative(x),
        torch.fix(x),
        torch.clip(x, -0.5),
        torch.clip(x, max=x.flip(0)),
        torch.subtract(x, x.flip(0), alpha=2),
        torch.multiply(x, x.flip(0)),
        torch.divide(x, 3),
        torch.true_divide(x, 2),
        torch.special.expit(x),
        torch.special.ndtr(x),
        torch.special.log_softmax(x, -1),
        torch.special.softmax(x, 1),
        torch.special.logsumexp(x, 1),
    ),
    "comparisons": lambda x: (
        torch.greater(x, 0),
        torch.greater_equal(x, x.flip(0)),
        torch.less(x, 0.5),
        torch.less_equal(x, x.flip(1)),
        torch.not_equal(x, 0),
        torch.logical_and(x, x > 0.3),
        torch.logical_or(x, x > 0.3),
        torch.logical_xor(x, x > 0.3),
        torch.logical_not(x),
    ),
    "of several": lambda x: (
        torch.addcmul(x, x.flip(0), x.flip(1), value=0.5),
        torch.addcdiv(x, x.flip(0), x.abs() + 1),
        torch.lerp(x, x.flip(0), 0.3),
        torch.lerp(x, x.flip(0), x.flip(1)),
        torch.hypot(x, x.flip(0)),
        torch.logaddexp(x, x.flip(0)),
        torch.xlogy(x, x.abs() + 1),
        torch.fmax(x, x.flip(0)),
        torch.fmin(x, x.flip(0)),
        f.glu(x[:, :2], 1),
    ),
    "in evaluation": lambda x: (
        f.rrelu(x),
        f.alpha_dropout(x, training=False),
        f.feature_alpha_dropout(x, training=False),
    ),
    "losses": lambda x: (
        f.mse_loss(x, x.flip(0)),
        f.l1_loss(x, x.flip(0), reduction="sum"),
        f.huber_loss(x, x.flip(0), reduction="none", delta=0.7),
        f.smooth_l1_loss(x, x.flip(0), reduction="none", beta=0.3),
    ),
    "reductions": lambda x: (
        *torch.aminmax(x, dim=1),
        *torch.aminmax(x),
        torch.count_nonzero(x > 0, dim=(0, 1)),
        torch.count_nonzero(x),
        torch.dist(x, x.flip(0)),
        torch.nansum(x),
        torch.nanmean(x, 1),
        torch.trace(x[0, 0]),
        x.any(1),
        x.all(),
        f.cosine_similarity(x, x.flip(0)),
        f.pairwise_distance(x, x.flip(0)),
    ),
    "differences": lambda x: (
        torch.diff(x, n=2),
        torch.trapezoid(x, dim=1),
        torch.cumulative_trapezoid(x, dim=2),
    ),
    "one axis of three": lambda x: (f.local_response_norm(x, 3), f.local_response_norm(x[0], 2, 0.1, 0.5, 2.0)),
}
PLACED: dict[str, Callable[[Tensor], object]] = {
    "triangles": lambda x: (x.tril(), x.triu(2), x.triu(-1), x.tril(-1)),
    "assigned": lambda x: (
        torch.slice_scatter(x, x[:, :, 1:4] * 2, 2, 2, 5),
        torch.slice_scatter(x, x[:, :, :2] * 2, 2, 1, 5, 2),
        torch.slice_scatter(x, x * 2, 1),
        torch.ops.aten.copy(x, x[:1] * 2),
        torch.select_scatter(x, x[:, 0] * 2, 1, -1),
    ),
    "diagonals": lambda x: (
        torch.diag(x[0, 0]),
        torch.diag(x[0, 0, 0], 2),
        torch.diag_embed(x, -1),
        torch.diag_embed(x[0, 0], 0, 0, 2),
        torch.diagflat(x[0]),
    ),
    "filled": lambda x: (x + x.clone().zero_(), x + x.clone().fill_(2.5)),
    "joined": lambda x: (
        torch.hstack((x, x)),
        torch.vstack((x, x)),
        torch.dstack((x, x)),
        torch.column_stack((x, x)),
        torch.concatenate((x, x), -1),
        *torch.hsplit(x, x.shape[1]),
        *torch.vsplit(x, 2),
        *torch.dsplit(x, [1, 3]),
    ),
    "shapes": lambda x: (
        x.mH,
        x[0, 0].H,
        *torch.broadcast_tensors(x, x[0, :1]),
        *torch.meshgrid(x[0, 0, 0], x[0, 0, 1], indexing="xy"),
        torch.cartesian_prod(x[0, 0, 0], x[0, 0, 1]),
        torch.atleast_1d(x[0, 0, 0, 0]),
        torch.atleast_2d(x[0, 0, 0]),
        torch.atleast_3d(x[0, 0]),
        x[:1].expand_as(x),
    ),
}
CASES = {**PRODUCTS, **POINTWISE, **PLACED}


def _rewritten(run: Callable[[Tensor], object], x: Tensor) -> tuple[torch.fx.GraphModule, list[object], set[str]]:
    """The program with definitions in place, what it gave before, and the operators that it had."""
    module = torch.export.export(Plain(run), (x,)).module(check_guards=False)
    before = {target_name(n).removeprefix("aten.").partition(".")[0].removesuffix("_") for n in module.graph.nodes}
    expected = tree_leaves(module(x.clone()))
    make_functional(module)
    return module, expected, before


def test_every_definition_computes_the_same() -> None:
    x = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    tried: set[str] = set()
    for name, run in CASES.items():
        module, expected, before = _rewritten(run, x)
        tried |= before
        for got, wanted in zip(tree_leaves(module(x)), expected, strict=True):
            assert got.dtype == wanted.dtype, name  # type: ignore[attr-defined]
            torch.testing.assert_close(got, wanted, rtol=1e-5, atol=2e-6, msg=lambda text, name=name: f"{name}: {text}")
    n = torch.randint(-128, 128, (4, 6), generator=torch.Generator().manual_seed(2))
    module, expected, before = _rewritten(INTEGERS, n)
    for got, wanted in zip(tree_leaves(module(n)), expected, strict=True):
        assert got.dtype == wanted.dtype and torch.equal(got, wanted)  # type: ignore[attr-defined, arg-type]
    tried |= before
    assert {*COMPOSED, *DEFINITIONS} <= tried, sorted({*COMPOSED, *DEFINITIONS} - tried)


INTEGERS: Callable[[Tensor], object] = lambda n: (  # noqa: E731
    *(n.abs(), n.sign(), n.sgn(), n.square(), n.pow(0), n**1, n**5, n.signbit(), n.isnan(), n.isinf(), n.isfinite()),
    *(n.ceil(), n.floor(), n.positive(), n.round(), n.trunc(), n.tril(), f.one_hot(n.abs() % 4, 4)),
    *((n > 0).sign(), (n > 0).square()),
)


def test_layers_stay() -> None:
    """The weights of a layer are quantized for each channel: what is one is left alone."""
    program = torch.export.export(nn.Linear(4, 5), (torch.randn(3, 4),)).run_decompositions()
    module = program.module(check_guards=False)
    before = [target_name(node) for node in module.graph.nodes if node.op == "call_function"]
    expand_composites(module)
    assert [target_name(node) for node in module.graph.nodes if node.op == "call_function"] == before
    assert "aten.addmm.default" in before and "aten.addmm.default" not in EXPANSIONS
