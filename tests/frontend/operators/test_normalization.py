"""Normalizations in all spellings: PyTorch's integers against the reference."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from tests.frontend.programs import compare, export, kinds, post_training, samples, seeded
from tests.frontend.test_lowering import Case, One, conv, seq

NORMALIZE = ["normalize"]

CASES: dict[str, Case] = {
    "layer norm": Case(seq(nn.LayerNorm(12)), ((3, 5, 12),), NORMALIZE),
    "layer norm, two axes, no bias": Case(seq(nn.LayerNorm((4, 6), bias=False)), ((2, 4, 6),), NORMALIZE),
    "layer norm without weights": Case(seq(nn.LayerNorm(7, elementwise_affine=False)), ((7,),), NORMALIZE),
    "rms norm": Case(seq(nn.RMSNorm(12)), ((2, 5, 12),), NORMALIZE),
    "group norm": Case(seq(nn.GroupNorm(3, 6)), ((2, 6, 4, 5),), NORMALIZE),
    "instance norm": Case(seq(nn.InstanceNorm2d(4, affine=True)), ((2, 4, 5, 3),), NORMALIZE),
    "instance norm 1d": Case(seq(nn.InstanceNorm1d(4)), ((1, 4, 9),), NORMALIZE),
    "length one": Case(lambda: One(lambda m, x: functional.normalize(x, dim=-1)), ((2, 5, 8),), NORMALIZE),
    "length one, another axis": Case(lambda: One(lambda m, x: functional.normalize(x, dim=1)), ((2, 5, 8),), NORMALIZE),
    "behind a convolution": Case(
        seq(conv(3, 4), nn.GroupNorm(2, 4), nn.ReLU(), conv(4, 2)),
        ((1, 3, 9, 8),),
        ["conv2d", "transpose", "normalize", "transpose", "conv2d"],
        output=2,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = CASES[name]
    result = compare(post_training(seeded(case.model()), *case.shapes), *case.shapes)
    assert result.layer <= 1, result.where
    assert result.output <= case.output
    assert kinds(result.graph) == case.kinds


class All(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.group, self.instance = nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True)
        self.layer, self.rms = nn.LayerNorm(6), nn.RMSNorm(6)

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.rms(self.layer(self.instance(self.group(x)))), dim=-1)


def test_after_decompositions() -> None:
    shape = (1, 4, 5, 6)
    module = export(seeded(All()), shape).run_decompositions().module(check_guards=False)
    result = compare(quantize(module, {"x": samples(shape)}, options=PLAIN), shape)
    assert result.layer <= 1, result.where
    assert kinds(result.graph) == ["normalize"] * 5


def test_rows_of_equal_elements_give_the_bias() -> None:
    shape = (2, 8)
    layer = seeded(nn.LayerNorm(8))
    graph = compare(post_training(layer, shape), shape).graph
    (op,) = [op for op in graph.operators if op.kind == "normalize"]
    inputs, outputs = graph.input_tensors(op), graph.output_tensors(op)
    equal = torch.full(inputs[0].shape, 55, dtype=torch.int8).numpy()
    constants = [t.data for t in inputs[1:] if t.data is not None]
    (result,) = op.reference([equal, *constants], inputs, outputs)
    wanted = layer.bias.detach().numpy() / outputs[0].scale + outputs[0].zero_point
    assert abs(result - wanted).max() <= 0.501
