"""Networks of more than convolutions in int16: every value has 16 bits, and results are as good as int8 weights are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.frontend import compile_program
from mcugen.frontend.importer import inputs_of
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import PLAIN, QuantizerOptions
from mcugen.graph.graph import Graph
from tests.frontend.programs import export, samples, seeded

Results = tuple[Tensor, ...]


class Sequences(nn.Module):
    """Recurrent layers, an initial state and last states among them."""

    SHAPES = ((6, 2, 8), (1, 2, 5))

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(8, 8)
        self.lstm, self.gru, self.rnn = nn.LSTM(8, 5), nn.GRU(5, 5), nn.RNN(5, 4, nonlinearity="relu")

    def forward(self, x: Tensor, hidden: Tensor) -> Results:
        sequence, (last, cell) = self.lstm(self.before(x))
        sequence, _ = self.gru(sequence, hidden)
        return self.rnn(sequence)[0], last, cell


class Attention(nn.Module):
    """What transformers are made of."""

    SHAPES = ((2, 5, 8), (2, 5, 8))

    def __init__(self) -> None:
        super().__init__()
        self.before, self.layer, self.rms = nn.Linear(8, 8), nn.LayerNorm(8), nn.RMSNorm(8)
        self.group = nn.GroupNorm(2, 4)

    def forward(self, x: Tensor, y: Tensor) -> Results:
        x = self.before(x)
        normalized = self.layer(x + y)
        causal = functional.scaled_dot_product_attention(normalized, self.rms(x), y, is_causal=True)
        mixed = torch.bmm(torch.softmax(x @ y.transpose(1, 2), -1), y)
        image = self.group(x.reshape(1, 4, 5, 4))
        return causal, functional.log_softmax(mixed, -1), image, functional.normalize(functional.gelu(x), dim=-1)


class Others(nn.Module):
    """What takes two tensors, and what moves, resizes and counts."""

    SHAPES = ((1, 4, 8, 8), (1, 4, 8, 8))

    def __init__(self) -> None:
        super().__init__()
        self.before, self.slopes = nn.Conv2d(4, 4, 1), nn.PReLU(4)

    def forward(self, x: Tensor, y: Tensor) -> Results:
        x = self.before(x)
        larger = torch.where(x > y, x, y)
        quotient = x / (y.abs() + 1)
        pooled = functional.adaptive_avg_pool2d(self.slopes(x), (3, 5))
        maxima = functional.adaptive_max_pool2d(larger, (3, 5))
        folded = functional.fold(functional.unfold(x, 2), (8, 8), 2)
        return (
            quotient.cumsum(-1),
            functional.interpolate(pooled + maxima, scale_factor=2, mode="bilinear"),
            folded,
            torch.rsqrt(x.abs() + 1),
        )


def compiled(model: nn.Module, shapes: tuple[tuple[int, ...], ...], folder: Path, precision: str = "int16") -> Graph:
    program = export(seeded(model), *shapes)
    names = [spec.name for spec in inputs_of(program.module(check_guards=False))]
    data = {n: samples(shape, 8, seed=i) for i, (n, shape) in enumerate(zip(names, shapes, strict=True))}
    np.savez(folder / "c.npz", **data)  # type: ignore[arg-type]
    options = QuantizerOptions(PLAIN.observer, "off", "off", "off", read_rules(precision))
    return compile_program(program, "net", folder / "c.npz", options=options)


@pytest.mark.parametrize("kind", [Sequences, Attention, Others])
def test_everything_has_16_bits(kind: type[nn.Module], tmp_path: Path) -> None:
    graph = compiled(kind(), kind.SHAPES, tmp_path)  # type: ignore[arg-type]
    assert not [text for text in graph.warnings if "int16" in text]
    narrow = [op.kind for op in graph.operators if any(graph.tensor(n).dtype == "int8" for n in op.outputs)]
    assert not narrow
    assert graph.fidelity is not None
    # What is left is the noise of int8 weights.
    assert min(graph.fidelity.sqnr_db.values()) > 35, graph.fidelity
