"""Products of two activations, masked softmax and attention: PyTorch's integers against the reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from mcugen.graph import reference
from tests.frontend.programs import Difference, compare, export, kinds, post_training, samples, seeded, transposes
from tests.frontend.test_lowering import Case, Lambda, One, Two

MASK = torch.tensor([[1, 1, 1, 0, 0, 1], [0, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1], [1] * 6], dtype=torch.bool)
BIASES = torch.linspace(-1, 1, 24).reshape(4, 6).masked_fill(~MASK, -torch.inf)


class Three(Lambda):
    def forward(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        return self.run(self.layers, x, y, z)


CASES: dict[str, Case] = {
    "bmm": Case(lambda: Two(lambda m, x, y: torch.bmm(x, y)), ((3, 4, 5), (3, 5, 6)), ["batch_matmul"]),
    "mm": Case(lambda: Two(lambda m, x, y: x @ y), ((4, 5), (5, 6)), ["batch_matmul"]),
    "matmul, broadcast": Case(
        lambda: Two(lambda m, x, y: torch.matmul(x, y)), ((2, 1, 4, 5), (3, 5, 6)), ["batch_matmul"]
    ),
    "transposed right side": Case(
        lambda: Two(lambda m, x, y: x @ y.transpose(-1, -2)), ((2, 4, 5), (2, 6, 5)), ["batch_matmul"]
    ),
    "the same tensor": Case(lambda: One(lambda m, x: x @ x.transpose(-1, -2)), ((2, 4, 5),), ["batch_matmul"]),
    "vectors": Case(lambda: Two(lambda m, x, y: torch.matmul(x, y)), ((5,), (5,)), ["batch_matmul"]),
    "vector on the left": Case(lambda: Two(lambda m, x, y: torch.matmul(x, y)), ((5,), (2, 5, 3)), ["batch_matmul"]),
    "vector on the right": Case(lambda: Two(lambda m, x, y: torch.matmul(x, y)), ((2, 3, 5), (5,)), ["batch_matmul"]),
    "constant on the left": Case(
        lambda: One(lambda m, x: torch.arange(12.0).reshape(3, 4) @ x), ((2, 4, 5),), ["batch_matmul"]
    ),
    "constants for each matrix": Case(
        lambda: One(lambda m, x: x @ torch.linspace(-1, 1, 40).reshape(2, 5, 4)), ((2, 3, 5),), ["batch_matmul"]
    ),
    "weights that are an activation": Case(
        lambda: Two(lambda m, x, y: torch.nn.functional.linear(x, y)), ((2, 4, 5), (6, 5)), ["batch_matmul"]
    ),
    "attention": Case(
        lambda: Three(lambda m, q, k, v: functional.scaled_dot_product_attention(q, k, v)),
        ((1, 2, 4, 8), (1, 2, 6, 8), (1, 2, 6, 8)),
        ["batch_matmul", "softmax", "batch_matmul"],
    ),
    "attention, causal, scale": Case(
        lambda: Three(lambda m, q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7)),
        ((1, 2, 6, 8),) * 3,
        ["batch_matmul", "masked_softmax", "batch_matmul"],
        output=2,
    ),
    "attention, mask": Case(
        lambda: Three(lambda m, q, k, v: functional.scaled_dot_product_attention(q, k, v, MASK)),
        ((1, 2, 4, 8), (1, 2, 6, 8), (1, 2, 6, 8)),
        ["batch_matmul", "masked_softmax", "batch_matmul"],
    ),
    "attention, several queries for each key": Case(
        lambda: Three(lambda m, q, k, v: functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)),
        ((1, 4, 3, 8), (1, 2, 6, 8), (1, 2, 6, 8)),
        ["batch_matmul", "softmax", "batch_matmul"],
        output=2,
    ),
    "masked_fill": Case(
        lambda: One(lambda m, x: x.masked_fill(MASK, -torch.inf).softmax(-1)), ((1, 2, 4, 6),), ["masked_softmax"]
    ),
    "where, the other way round, another axis": Case(
        lambda: One(lambda m, x: torch.where(~MASK, x, torch.tensor(-1e9)).softmax(-2)),
        ((2, 4, 6),),
        ["masked_softmax"],
    ),
    "additive mask, scale": Case(
        lambda: One(lambda m, x: (x / 4 + torch.where(MASK, 0.0, -torch.inf)).softmax(-1)),
        ((2, 4, 6),),
        ["masked_softmax"],
    ),
    "additive mask with biases": Case(
        lambda: One(lambda m, x: (x + BIASES).softmax(-1)), ((2, 4, 6),), ["add", "masked_softmax"]
    ),
    "two masks": Case(
        lambda: One(lambda m, x: (x.masked_fill(~MASK, -1e9) + torch.ones(4, 6).tril(2).log()).softmax(-1)),
        ((2, 4, 6),),
        ["masked_softmax"],
    ),
    "attention, additive mask": Case(
        lambda: Three(lambda m, q, k, v: functional.scaled_dot_product_attention(q, k, v, BIASES)),
        ((1, 2, 4, 8), (1, 2, 6, 8), (1, 2, 6, 8)),
        ["batch_matmul", "table", "add", "masked_softmax", "batch_matmul"],
        output=2,
    ),
    "log_softmax": Case(lambda: One(lambda m, x: 3 * x.log_softmax(-1)), ((2, 5, 9),), ["log_softmax", "table"]),
    "log_softmax, another axis": Case(lambda: One(lambda m, x: x.log_softmax(1)), ((2, 5, 9),), ["log_softmax"]),
    "einsum": Case(
        lambda: Two(lambda m, x, y: torch.einsum("bqhd,bkhd->bhqk", x, y)),
        ((1, 4, 2, 5), (1, 3, 2, 5)),
        ["transpose", "batch_matmul"],
        transposes=1,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = CASES[name]
    result: Difference = compare(post_training(seeded(case.model()), *case.shapes), *case.shapes)
    assert result.layer <= 1, result.where
    assert result.output <= case.output
    assert kinds(result.graph) == case.kinds
    assert len(transposes(result.graph)) == case.transposes


class Causal(torch.nn.Module):
    """The input is read more than once, as in a layer of attention."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(x, x * 0.5, x + 0.25, is_causal=True)


def test_attention_after_decompositions() -> None:
    """The factors of both operands, the mask and the guard against rows without elements become one softmax."""
    shape = (1, 2, 6, 8)
    program = export(Causal(), shape).run_decompositions()
    module = program.module(check_guards=False)
    quantized = quantize(module, {"x": samples(shape)}, options=PLAIN)
    result = compare(quantized, shape)
    assert result.layer <= 1 and result.output <= 2, result.where
    assert "masked_softmax" in kinds(result.graph)
    assert kinds(result.graph).count("batch_matmul") == 2 and kinds(result.graph).count("table") <= 2


def test_excluded_elements_are_zero_and_cost_no_resolution() -> None:
    """Numbers of -1e9 among the scores leave the scale to the others."""
    shape = (1, 4, 6)
    graph = compare(post_training(One(lambda m, x: x.masked_fill(~MASK, -1e9).softmax(-1)), shape), shape).graph
    assert graph.tensor(graph.inputs[0].tensor).scale < 0.1
    given = {graph.inputs[0].name: np.random.default_rng(0).integers(-128, 128, (9, *shape)).astype(np.int8)}
    (output,) = reference.run_model_layout(graph, given).values()
    assert (output.reshape(9, 4, 6)[:, ~MASK.numpy()] == -128).all()
    assert (output.reshape(9, 4, 6)[:, MASK.numpy()] > -128).any()
