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
from mcugen.graph import reference
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


class Moved(nn.Module):
    """What has no layer: values are moved, limited, pooled."""

    SHAPES = ((1, 2, 8, 8), (4, 6), (5, 3))

    def forward(self, x: Tensor, y: Tensor, z: Tensor) -> Results:
        return functional.avg_pool2d(x, 2), y.clamp(-1, 1).t(), torch.roll(z, 1, 0), z.amax(1)


def compiled(
    model: nn.Module,
    shapes: tuple[tuple[int, ...], ...],
    folder: Path,
    precision: str = "int16",
    calibration: str | None = None,
) -> Graph:
    program = export(seeded(model), *shapes)
    names = [spec.name for spec in inputs_of(program.module(check_guards=False))]
    data = {n: samples(shape, 8, seed=i) for i, (n, shape) in enumerate(zip(names, shapes, strict=True))}
    np.savez(folder / "c.npz", **data)  # type: ignore[arg-type]
    options = QuantizerOptions(PLAIN.observer, "off", "off", "off", read_rules(precision))
    return compile_program(program, "net", calibration or folder / "c.npz", options=options)


@pytest.mark.parametrize("kind", [Sequences, Attention, Others, Moved])
def test_everything_has_16_bits(kind: type[nn.Module], tmp_path: Path) -> None:
    graph = compiled(kind(), kind.SHAPES, tmp_path)  # type: ignore[arg-type]
    assert not [text for text in graph.warnings if "int16" in text]
    narrow = [op.kind for op in graph.operators if any(graph.tensor(n).dtype == "int8" for n in op.outputs)]
    assert not narrow
    assert graph.fidelity is not None
    # What is left is the noise of int8 weights.
    assert min(graph.fidelity.sqnr_db.values()) > 35, graph.fidelity


class Limits(nn.Module):
    """What makes plain integers of one tensor: numbers that it is compared with, inside, outside and never."""

    SHAPES = ((3, 50), (3, 50))

    def forward(self, x: Tensor, y: Tensor) -> Results:
        inside = (x > -0.5) & (x <= 0.25)
        outside = ((x - 0.1).abs() > 0.7) | (x == 0)
        return (
            *(x > 0.3, x <= 0.3, inside, outside, (x > 100), (x * 2 + 1 >= 1.5).long(), x.bool(), x != 0),
            *(torch.where(x > 0.11, x, y), (x > 0.3).any(1), (x < 0).sum(1)),
        )


def test_comparisons_with_numbers_read_all_16_bits(tmp_path: Path) -> None:
    """As PyTorch's, on the numbers that the integers stand for: steps of int8 would be 256 times as far apart."""
    graph = compiled(Limits(), Limits.SHAPES, tmp_path)
    assert not [text for text in graph.warnings if "int16" in text]
    assert not [t.name for t in graph.tensors.values() if t.dtype == "int8" and t.quantization is not None]
    first, second = graph.inputs
    quantization = graph.tensor(first.tensor).quantization
    other = graph.tensor(second.tensor).quantization
    assert quantization is not None and other is not None and quantization.bits == other.bits == 16
    rng = np.random.default_rng(0)
    x, y = rng.integers(-32768, 32768, (2, 40, *first.shape)).astype(np.int16)
    for limit in (-0.5, 0.3, 0.25, 0.0, 0.11, 0.8, -0.6):
        near = round(limit / quantization.scale) + np.arange(-3, 4)
        x.reshape(-1)[rng.choice(x.size, 7, replace=False)] = near
    found = reference.run_model_layout(graph, {first.name: x, second.name: y})
    pairs = zip(
        torch.from_numpy(x.astype(np.float32) * np.float32(quantization.scale)),
        torch.from_numpy(y.astype(np.float32) * np.float32(other.scale)),
        strict=True,
    )
    results = zip(*(Limits()(*pair) for pair in pairs), strict=True)
    for port, wanted in zip(graph.outputs, results, strict=True):
        right, got = torch.stack(wanted), found[port.name]
        if right.is_floating_point():
            known = graph.tensor(port.tensor).quantization
            assert known is not None
            limited = right.clamp(-32768 * known.scale, 32767 * known.scale).numpy()
            assert np.abs(got.reshape(right.shape) * known.scale - limited).max() <= known.scale
        else:
            np.testing.assert_array_equal(got.reshape(right.shape), right.numpy(), err_msg=port.name)


class Narrow(nn.Module):
    """A conversion with more steps than comparisons can tell, and what only int8 has."""

    SHAPES = ((3, 50),)

    def forward(self, x: Tensor) -> Results:
        return (x * 20).int(), torch.sin(x * 40) > 0, x.std(1)


@pytest.mark.parametrize("calibration", [None, "random"])
def test_what_reads_int8_is_told_with_its_line(calibration: str | None, tmp_path: Path) -> None:
    graph = compiled(Narrow(), Narrow.SHAPES, tmp_path, calibration=calibration)
    (text,) = [text for text in graph.warnings if "no int16 form, computed with int8" in text]
    for name in ("to", "gt", "std"):
        assert f"{name} (test_int16_operators.py:" in text, text
