"""Whole networks of torch.nn, random weights: emitted, verified on two boards, and close to the float model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from tests.e2e.networks.images import Detector, UNet
from tests.e2e.networks.sequences import (
    BidirectionalLstmClassifier,
    Crnn,
    GruClassifier,
    KeywordSpotter,
    TemporalConvolutions,
    TransformerClassifier,
)
from tools.fidelity import check_program

NETWORKS: dict[str, tuple[type[nn.Module], float]] = {
    "unet": (UNet, 30.0),
    "detector": (Detector, 30.0),
    "temporal_convolutions": (TemporalConvolutions, 24.0),
    "gru": (GruClassifier, 35.0),
    "bidirectional_lstm": (BidirectionalLstmClassifier, 33.0),
    "crnn": (Crnn, 45.0),
    "transformer": (TransformerClassifier, 30.0),
    "keyword_spotter": (KeywordSpotter, 35.0),
}
"""With the signal to quantization noise, in decibels, that each output reaches on unseen samples."""

BOARDS = ("mps3_an547", "nrf5340dk")
QUICK = ("temporal_convolutions", "nrf5340dk")
"""The one that is in the default suite."""

CALIBRATION, UNSEEN = 32, 16


def signals(shape: tuple[int, ...], count: int, seed: int) -> npt.NDArray[np.float32]:
    """Noise along the last axis, smoothed by a different time for each sample, with an offset and a gain of its own."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, *shape[:-1], shape[-1] + 8))
    smooth = np.stack([np.convolve(row, np.ones(9) / 3, "valid") for row in noise.reshape(-1, noise.shape[-1])])
    mixed = rng.uniform(0, 1, (count, *[1] * len(shape)))
    rough = rng.standard_normal((count, *shape))
    signal = mixed * smooth.reshape(count, *shape) + (1 - mixed) * rough + rng.normal(0, 0.5, mixed.shape)
    return (rng.uniform(0.5, 1.5, mixed.shape) * signal).astype(np.float32)


def trained_statistics(model: nn.Module, shapes: tuple[tuple[int, ...], ...]) -> nn.Module:
    """Batch norms that have seen such signals."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout | nn.TransformerEncoderLayer):
            module.eval()
    if any(isinstance(module, nn.BatchNorm2d) for module in model.modules()):
        with torch.no_grad():
            for step in range(20):
                model(*(torch.from_numpy(signals(shape[1:], 4, 1000 + step)) for shape in shapes))
    return model.eval()


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("name", "board"),
    [
        pytest.param(name, board, marks=() if (name, board) == QUICK else pytest.mark.slow)
        for name in NETWORKS
        for board in BOARDS
    ],
)
def test_network(name: str, board: str, tmp_path: Path) -> None:
    build, least = NETWORKS[name]
    torch.manual_seed(1)
    shapes: tuple[tuple[int, ...], ...] = build.shapes  # type: ignore[assignment]
    model = trained_statistics(build(), shapes)
    program = torch.export.export(model, tuple(torch.zeros(shape) for shape in shapes))
    torch.export.save(program, tmp_path / "network.pt2")
    calibration, unseen = ({"x": signals(shapes[0], count, seed)} for count, seed in ((CALIBRATION, 2), (UNSEEN, 3)))
    checked = check_program(tmp_path / "network.pt2", calibration, unseen, board)
    print(name, board, checked)
    assert checked.match
    for output in checked.outputs:
        assert output.correlation > 0.95, output
        assert output.sqnr_db >= least, output
