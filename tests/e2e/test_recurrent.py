"""Recurrent networks, emitted, run and verified by the commands on three boards, and compared with PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.e2e.test_examples import Command

RNG = np.random.default_rng(11)


class Recurrent(nn.Module):
    """A 2-layer GRU, a bidirectional LSTM classifier, an LSTM with all its results, an RNN and a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(6, 8, 2, batch_first=True)
        self.lstm = nn.LSTM(6, 5, bidirectional=True, batch_first=True)
        self.projected = nn.LSTM(6, 9, proj_size=4, batch_first=True)
        self.rnn = nn.RNN(6, 7, nonlinearity="relu", batch_first=True)
        self.cell = nn.GRUCell(7, 6)
        self.classify = nn.Linear(10, 3)

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        sequence, last = self.gru(x, h)
        both, _ = self.lstm(x)
        _, (hidden, cell) = self.projected(x)
        plain, _ = self.rnn(x)
        return sequence, last, self.classify(both[:, -1]), hidden, cell, self.cell(plain[:, -1])


class Crnn(nn.Module):
    """Convolutions over a spectrogram, then a bidirectional GRU over its columns."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.gru = nn.GRU(24, 8, bidirectional=True, batch_first=True)
        self.classify = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        columns = self.features(x).permute(0, 3, 1, 2).flatten(2)
        return self.classify(self.gru(columns)[0])


CASES: dict[str, tuple[type[nn.Module], dict[str, tuple[int, ...]]]] = {
    "nrf5340dk": (Recurrent, {"x": (1, 20, 6), "h": (2, 1, 8)}),
    "mps2_an385": (Recurrent, {"x": (3, 7, 6), "h": (2, 3, 8)}),
    "mps3_an547": (Crnn, {"x": (1, 1, 8, 20)}),
}


@pytest.mark.emulator
@pytest.mark.parametrize("board", [pytest.param(b, marks=[] if b == "mps2_an385" else pytest.mark.slow) for b in CASES])
def test_runs_and_matches(board: str, command: Command, tmp_path: Path) -> None:
    build, shapes = CASES[board]
    torch.manual_seed(3)
    model = build().eval()
    samples = {name: RNG.normal(size=(8, *shape)).astype(np.float32) * 0.5 for name, shape in shapes.items()}
    program = torch.export.export(model, tuple(torch.zeros(shape) for shape in shapes.values()))
    torch.export.save(program, tmp_path / "net.pt2")
    np.savez(tmp_path / "samples.npz", **samples)
    module, given, results = tmp_path / "out", tmp_path / "samples.npz", tmp_path / "results.npz"
    emitted = command("emit", tmp_path / "net.pt2", "--board", board, "--calibration", given, "--output", module)
    assert emitted.code == 0, emitted.err
    verified = command("verify", module, "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    ran = command("run", module, "--inputs", given, "--outputs", results)
    assert ran.code == 0, ran.err
    outputs = json.loads((module / "mcugen.json").read_text())["outputs"]
    values = np.load(results)
    with torch.no_grad():
        each = [model(*(torch.from_numpy(array[i]) for array in samples.values())) for i in range(8)]
    for index, port in enumerate(outputs):
        quantization = port["quantization"]
        got = (values[port["name"]].astype(np.float64) - quantization["zero_point"]) * quantization["scale"]
        wanted = [(value[index] if isinstance(value, tuple) else value).numpy().ravel() for value in each]
        assert np.corrcoef(got.ravel(), np.concatenate(wanted))[0, 1] > 0.98, port["name"]


@pytest.mark.emulator
def test_a_long_sequence_is_one_loop(command: Command, tmp_path: Path) -> None:
    torch.manual_seed(0)
    samples = RNG.normal(size=(4, 1, 100, 13)).astype(np.float32)
    program = torch.export.export(nn.LSTM(13, 64, batch_first=True).eval(), (torch.zeros(1, 100, 13),))
    torch.export.save(program, tmp_path / "net.pt2")
    np.savez(tmp_path / "samples.npz", input=samples)
    arguments = ("--board", "nrf5340dk", "--calibration", tmp_path / "samples.npz", "--output", tmp_path / "out")
    emitted = command("emit", tmp_path / "net.pt2", *arguments)
    assert emitted.code == 0, emitted.err
    report = command("verify", tmp_path / "out", "--json").json
    layer = next(layer for layer in report["layers"] if layer["op"] == "lstm")
    assert report["match"] is True
    # The weights of the layer are once in flash.
    assert report["flash_bytes"] < 30_000
    assert layer["instructions"] <= 1.8 * layer["macs"]
