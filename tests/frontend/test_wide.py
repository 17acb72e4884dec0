"""Sums in front of normalizations have 16 bits: which do, that PyTorch computes the same, and what it is good for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.frontend import compile_program
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.quantization import dequantize, quantize
from tests.frontend.programs import compare, export, kinds, post_training, samples, seeded

SIZE = 16


class Residual(nn.Module):
    """A class token that is a thousand times smaller than the others, positions, two residual blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.positions = nn.Parameter(torch.zeros(1, 1, SIZE)), nn.Parameter(torch.zeros(1, 5, SIZE))
        self.norms = nn.ModuleList(nn.LayerNorm(SIZE) for _ in range(3))
        self.layers = nn.ModuleList(nn.Linear(SIZE, SIZE) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.token, x], 1) + self.positions
        for norm, layer in zip(self.norms, self.layers, strict=False):
            x = x - 0.01 * layer(norm(x))
        return self.norms[-1](x)


class Joined(nn.Module):
    """A sum that only another sum reads, one that a convolution reads as well, and one that is returned."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(SIZE, SIZE), nn.LayerNorm(SIZE)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        inner = (x + y) + x
        read_twice = x - y
        end = (read_twice + self.layer(read_twice)).unsqueeze(0)
        returned = y + 2 * x
        return self.norm(inner), self.norm(end), self.norm(returned), returned


def residual() -> nn.Module:
    model = seeded(Residual())
    with torch.no_grad():
        model.token.mul_(0.001)  # type: ignore[operator, union-attr]
        model.positions.mul_(0.001)  # type: ignore[operator, union-attr]
    return model


def widths(graph: Graph, kind: str) -> list[str]:
    """The type of the first input of each operator of a kind."""
    return [graph.tensor(op.inputs[0]).dtype for op in graph.operators if op.kind == kind]


def test_pytorch_computes_the_same() -> None:
    shape = (1, 4, SIZE)
    found = compare(post_training(residual(), shape), shape)
    assert found.layer <= 1, found.where
    # The one whose operands are both int16 already is LiteRT's sum of int16.
    assert kinds(found.graph).count("wide_sum") == 2 and widths(found.graph, "add") == ["int16"]
    assert widths(found.graph, "normalize") == ["int16"] * 3
    assert widths(found.graph, "fully_connected") == ["int8"] * 2


def test_what_is_wide() -> None:
    shapes = ((3, SIZE), (3, SIZE))
    found = compare(post_training(seeded(Joined()), *shapes), *shapes)
    assert found.layer <= 1, found.where
    # The difference, which the linear layer reads, and what is returned have eight bits.
    assert sorted(kinds(found.graph)).count("wide_sum") == 3
    assert sorted(widths(found.graph, "normalize")) == ["int16", "int16", "int8"]
    assert all(found.graph.tensor(port.tensor).dtype == "int8" for port in found.graph.outputs)


def test_sums_without_a_normalization_stay_int8() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.second(x + self.first(x)) + x

    shape = (1, 4, 5, 5)
    graph = compare(post_training(seeded(Block()), shape), shape).graph
    assert "wide_sum" not in kinds(graph)


class Steeper(nn.Module):
    """One function that reads a sum in two places, beside a normalization of the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(SIZE, SIZE), nn.LayerNorm(SIZE)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = x + self.layer(x)
        return self.norm(torch.maximum(0.5 * y, y * 2.0)), self.norm(y)


def test_a_function_that_reads_a_sum_in_two_places_is_one_table() -> None:
    shape = (3, SIZE)
    found = compare(post_training(seeded(Steeper()), shape), shape)
    assert found.layer <= 1, found.where
    assert kinds(found.graph).count("table") == 1


def test_small_rows_beside_large_ones_keep_their_bits(tmp_path: Path) -> None:
    """The normalized class token, whose values are a thousandth of a step of the others' would-be int8."""
    model, shape = residual(), (1, 4, SIZE)
    given = samples(shape, 12, seed=4)
    np.savez(tmp_path / "x.npz", x=given)
    graph = compile_program(export(model, shape), "residual", tmp_path / "x.npz")
    (port,), (out,) = graph.inputs, graph.outputs
    integers = quantize(given, graph.tensor(port.tensor).quantization, "int8")  # type: ignore[arg-type]
    got = dequantize(
        reference.run_model_layout(graph, {port.name: integers})[out.name],
        graph.real_quantization(out),  # type: ignore[arg-type]
    )
    with torch.no_grad():
        wanted = torch.stack([model(torch.from_numpy(x)) for x in given]).numpy()
    tokens = (result.reshape(12, 5, SIZE)[:, 0].ravel() for result in (got, wanted))
    token = np.corrcoef(*tokens)[0, 1]
    assert token > 0.99


@pytest.mark.parametrize("bits", [8, 16])
def test_eps_beyond_the_integers_of_its_input(bits: int, tmp_path: Path) -> None:
    """Values of 1e-9, whose squares eps exceeds by 13 orders of magnitude: the bias is left, and nothing is refused."""

    class Faint(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(8)

        def forward(self, x: Tensor) -> Tensor:
            x = 1e-9 * x
            return self.norm(x + x.flip(-1) if bits == 16 else x)

    np.savez(tmp_path / "x.npz", x=samples((3, 8)))
    model = seeded(Faint())
    graph = compile_program(export(model, (3, 8)), "faint", tmp_path / "x.npz")
    (out,) = graph.outputs
    result = reference.run_model_layout(graph, {"x": np.full((1, 3, 8), 99, np.int8)})[out.name]
    quantization = graph.tensor(out.tensor).quantization
    assert quantization is not None
    bias = model.norm.bias.detach().numpy()  # type: ignore[union-attr, operator]
    np.testing.assert_allclose(dequantize(result, quantization)[0, 0], bias, atol=quantization.scale)
